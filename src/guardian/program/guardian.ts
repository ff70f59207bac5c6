// The program of a guardian: a process that revokes its parent's leases when the parent is gone,
// however it ended. The guardian notices by the pipe to its parent, which the kernel closes. It
// never renews a lease, so it cannot keep one alive. It loads little, because it runs beside every
// process that wants one.

import { encodeLine, lineReader, type GuardianOrder, type GuardianReport } from '../protocol.js'
import { GuardianCluster } from './cluster.js'

process.title = 'etcd-elect guardian'
// Signals that are meant for the parent must not end the guardian first. It ends by itself when it
// has nothing left to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
  try {
    process.on(signal, () => undefined)
  } catch {
    // Some platforms lack some signals.
  }
}

const clusters = new Map<number, GuardianCluster>()

function send(report: GuardianReport): void {
  process.stdout.write(encodeLine(report))
}

function handle(order: GuardianOrder): void {
  const { cluster: number } = order
  const cluster = clusters.get(number)
  switch (order.do) {
    case 'connect':
      clusters.set(
        number,
        new GuardianCluster(order.access, () => {
          send({ is: 'connected', cluster: number })
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

let isOrphaned = false
async function revokeAndExit(): Promise<void> {
  if (isOrphaned) return
  isOrphaned = true
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
process.stdin.once('close', () => void revokeAndExit())
process.stdin.once('end', () => void revokeAndExit())
// The parent no longer reads. The end of the other pipe follows.
process.stdout.on('error', () => undefined)
