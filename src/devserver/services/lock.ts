// etcd's own lock service, for clients without lock code of their own.

import { create } from '@bufbuild/protobuf'
import { type Lock, LockResponseSchema, UnlockResponseSchema } from '../../etcd/wire/gen/lock_pb.js'
import { refusals } from '../refusals.js'
import type { Handlers } from '../rpc.js'
import { keyBytes } from '../store/interval.js'
import { rethrowAsUnknown, type QueueBackend, Queue } from './queue.js'

export function lockHandlers(backend: QueueBackend): Handlers<typeof Lock> {
  return {
    lock: ({ name, lease }, caller) =>
      rethrowAsUnknown(async () => {
        const queue = new Queue(backend, caller)
        const place = await queue.join(name, await queue.lease(lease), new Uint8Array())
        await queue.waitUntilFirst(name, place)
        // The lease may have ended while the caller waited.
        const { header, kvs } = await queue.get(place.key)
        if (kvs.length === 0) throw refusals.sessionExpired()
        return create(LockResponseSchema, { header, key: keyBytes(place.key) })
      }),

    unlock: ({ key }, caller) =>
      rethrowAsUnknown(async () => {
        const { header } = await new Queue(backend, caller).delete(key)
        return create(UnlockResponseSchema, { header })
      }),
  }
}
