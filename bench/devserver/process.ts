// A devserver in a process of its own, as an etcd is: it says where it is on the first line.

import { DevServer } from 'etcd-elect/devserver'

const server = await DevServer.start({ log: () => undefined })
console.log(server.endpoint)
