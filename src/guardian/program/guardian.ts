// The program of a guardian: a process that is told which leases its parent holds, and that revokes them when the parent
// is gone, however it went. The pipe to the parent is how it knows: the kernel closes it. It never renews a lease, so it
// cannot keep one alive. It loads little, because it runs beside every process that wants one.

import { encodeLine, lineReader, type GuardianOrder } from '../protocol.js'
import { GuardianCluster } from './cluster.js'

process.title = 'etcd-elect guardian'
// What is aimed at the parent must not take the guardian first; it ends by itself when it has nothing left to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
  try {
    process.on(signal, () => undefined)
  } catch {
    // Not every platform has every signal.
  }
}

const clusters = new Map<number, GuardianCluster>()

function handle(order: GuardianOrder): void {
  const { cluster: number } = order
  const cluster = clusters.get(number)
  switch (order.do) {
    case 'connect':
      clusters.set(
        number,
        new GuardianCluster(order.access, () => {
          process.stdout.write(encodeLine({ is: 'connected', cluster: number }))
        }),
      )
      return
    case 'forget':
      cluster?.close()
      clusters.delete(number)
      return
    case 'useToken':
      if (cluster !== undefined) cluster.token = order.token
      return
    case 'hold':
      cluster?.hold(BigInt(order.lease), order.ttlS, order.after)
      return
    case 'release':
      cluster?.release(BigInt(order.lease))
      return
  }
  order satisfies never
}

let alone = false
async function orphaned(): Promise<void> {
  if (alone) return
  alone = true
  await Promise.all([...clusters.values()].map((cluster) => cluster.revokeAll()))
  process.exit()
}

process.stdin.setEncoding('utf8')
process.stdin.on(
  'data',
  lineReader((line) => {
    handle(JSON.parse(line) as GuardianOrder)
  }),
)
process.stdin.on('error', () => undefined)
process.stdin.once('close', () => void orphaned())
process.stdin.once('end', () => void orphaned())
// Nobody listens any more: the same as the end of the other pipe, which follows.
process.stdout.on('error', () => undefined)
