// The program of the worker thread that renews leases. All that it knows comes by messages.

import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../base/clock.js'
import { Etcd } from '../../../etcd/client.js'
import { Keeper } from './lease-renewer.js'
import type { Order, Up } from '../protocol.js'
import { Pulse } from '../shared-memory.js'

/** How often the worker shows that it turns. */
const beatEveryMs = 500

const port = parentPort
if (port === null) throw new Error('expected to run in a worker thread')

const life = new Pulse((workerData as { life: SharedArrayBuffer }).life)
const beat = (): void => {
  life.beat(systemClock.monotonicMs(), true)
}
beat()
setInterval(beat, beatEveryMs)

const keeper = new Keeper(
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
port.postMessage({ is: 'up' } satisfies Up)
port.on('message', (order: Order) => {
  keeper.obey(order)
})
