// The program of the worker thread that renews leases. All that it knows comes by messages.

import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../base/clock.js'
import { Etcd } from '../../../etcd/client.js'
import { LeaseRenewer } from './lease-renewer.js'
import type { WorkerOrder, WorkerReady } from '../protocol.js'
import { Heartbeat } from '../shared-memory.js'

/** How often the worker shows that it turns. */
const beatEveryMs = 500

const port = parentPort
if (port === null) throw new Error('expected to run in a worker thread')

const heartbeat = new Heartbeat((workerData as { heartbeat: SharedArrayBuffer }).heartbeat)
const beat = (): void => {
  heartbeat.beat(systemClock.monotonicMs(), true)
}
beat()
setInterval(beat, beatEveryMs)

const renewer = new LeaseRenewer(
  (news) => {
    port.postMessage(news)
  },
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
port.postMessage({ is: 'up' } satisfies WorkerReady)
port.on('message', (order: WorkerOrder) => {
  renewer.obey(order)
})
