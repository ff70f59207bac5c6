// Leases that expire. These cases wait for seconds, so they run concurrently, on short leases.

import { describe, expect, test } from 'vitest'
import { Event_EventType as EventType } from '../../../../src/etcd/wire/gen/kv_pb.js'
import { failure } from '../raw/client.js'
import { keyspace, leaseId, prefixEnd, type Subject } from '../subject.js'

export function expiryCases(subject: () => Subject): void {
  describe.concurrent('concurrently', () => {
    test('a lease that expires deletes its keys in one revision', async () => {
      const { etcd } = subject()
      const k = keyspace()
      const lease = leaseId()
      await etcd.grant(4n, lease)
      const events = etcd.watch({ key: k(), rangeEnd: prefixEnd(k()) })
      await events.next()
      await etcd.put({ key: k('a'), lease })
      await etcd.put({ key: k('b'), lease })
      await events.next()
      await events.next()
      const deletion = await events.next()
      const modRevision = deletion.header?.revision
      expect(deletion.events).toEqual([
        { type: EventType.DELETE, kv: { key: k('a'), modRevision } },
        { type: EventType.DELETE, kv: { key: k('b'), modRevision } },
      ])
      events.cancel()
      expect((await etcd.timeToLive({ ID: lease })).TTL).toBe(-1n)
      expect(await failure(etcd.revoke(lease))).toBe(
        'NOT_FOUND etcdserver: requested lease not found',
      )
      expect((await etcd.leases()).leases ?? []).not.toContainEqual({ ID: lease })
    })

    test('a lease that is kept alive outlives one that is not', async () => {
      const { etcd } = subject()
      const k = keyspace()
      const [kept, unrenewed] = [leaseId(), leaseId()]
      await etcd.grant(6n, kept)
      await etcd.put({ key: k('kept'), lease: kept })
      const stream = etcd.keepAlive()
      const renewal = setInterval(() => {
        stream.send({ ID: kept })
      }, 300)
      try {
        const events = etcd.watch({ key: k('unrenewed') })
        await events.next()
        await etcd.grant(7n, unrenewed)
        await etcd.put({ key: k('unrenewed'), lease: unrenewed })
        expect((await events.next()).events?.[0]?.type).toBeUndefined()
        expect((await events.next()).events?.[0]?.type).toBe(EventType.DELETE)
        events.cancel()
        expect((await etcd.range({ key: k('kept') })).count).toBe(1n)
        expect((await stream.next()).TTL).toBe(6n)
      } finally {
        clearInterval(renewal)
        stream.cancel()
      }
      await etcd.revoke(kept)
    })
  })
}
