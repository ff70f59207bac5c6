// etcd's own lock service, for clients that have no lock of their own. It must not know elections.

import { create } from '@bufbuild/protobuf'
import { type Lock, LockResponseSchema, UnlockResponseSchema } from '../../etcd/wire/gen/lock_pb.js'
import { refusals } from '../refusals.js'
import type { Handlers } from '../rpc.js'
import { keyBytes } from '../store/interval.js'
import { asUnknown, type Foundation, Queue } from './queue.js'

export function lockHandlers(foundation: Foundation): Handlers<typeof Lock> {
  return {
    lock: ({ name, lease }, caller) =>
      asUnknown(async () => {
        const queue = new Queue(foundation, caller)
        const place = await queue.join(name, await queue.lease(lease), new Uint8Array())
        await queue.untilFirst(name, place)
        // Its lease may have ended while it waited.
        const { header, kvs } = await queue.get(place.key)
        if (kvs.length === 0) throw refusals.sessionExpired()
        return create(LockResponseSchema, { header, key: keyBytes(place.key) })
      }),

    unlock: ({ key }, caller) =>
      asUnknown(async () => {
        const { header } = await new Queue(foundation, caller).delete(key)
        return create(UnlockResponseSchema, { header })
      }),
  }
}
