// The command's door into the devserver, apart from the library: most commands never load it.

export { DevServer } from '../devserver/index.js'
