// A devserver in a process of its own, like an etcd. It prints its endpoint on the first line.

import { DevServer } from 'etcd-elect/devserver'

const server = await DevServer.start({ log: () => undefined })
console.log(server.endpoint)
