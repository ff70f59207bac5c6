// The command's door into the devserver. Not part of library.ts: most commands never load it.

export { DevServer } from '../devserver/index.js'
