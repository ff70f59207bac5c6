// The program of the worker thread that renews leases. All that it knows comes by messages.

import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../base/clock.js'
import { Etcd } from '../../../etcd/client.js'
import { LeaseRenewer } from './lease-renewer.js'
import type { WorkerOrder, WorkerReport } from '../protocol.js'
import { Heartbeat } from '../shared-memory.js'

/** How often the worker shows that its event loop turns. */
const beatIntervalMs = 500

const port = parentPort
if (port === null) throw new Error('expected to run in a worker thread')

const heartbeat = new Heartbeat((workerData as { heartbeat: SharedArrayBuffer }).heartbeat)
const beat = (): void => {
  heartbeat.beat(systemClock.monotonicMs(), true)
}
beat()
setInterval(beat, beatIntervalMs)

function send(report: WorkerReport): void {
  port?.postMessage(report)
}

const renewer = new LeaseRenewer(
  send,
  systemClock,
  ({ endpoints, tls, credentials, attemptTimeoutMs, callTimeoutMs }) =>
    new Etcd({
      endpoints: endpoints.map(({ url }) => url),
      tls,
      ...credentials,
      attemptTimeoutMs,
      callTimeoutMs,
    }).api,
)
send({ is: 'ready' })
port.on('message', (order: WorkerOrder) => {
  renewer.handle(order)
})
