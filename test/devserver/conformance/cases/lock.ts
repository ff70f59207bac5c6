// etcd's own lock service.

import { expect, test } from 'vitest'
import { Event_EventType as EventType } from '../../../../src/etcd/wire/gen/kv_pb.js'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, since, type Subject } from '../subject.js'

export function lockCases(subject: () => Subject): void {
  async function lease(): Promise<bigint> {
    const id = leaseId()
    await subject().etcd.grant(600n, id)
    return id
  }

  const keyOf = (name: string, id: bigint) => `${name}/${id.toString(16)}`

  test('a free lock is acquired with an empty key on the lease', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const id = await lease()
    const before = await etcd.revision()
    expect(await etcd.call(etcd.lock.lock, { name, lease: id })).toEqual({
      header: header(before + 1n),
      key: keyOf(name, id),
    })
    expect((await etcd.range({ key: keyOf(name, id) })).kvs).toEqual([
      {
        key: keyOf(name, id),
        createRevision: before + 1n,
        modRevision: before + 1n,
        version: 1n,
        lease: id,
      },
    ])
    await etcd.revoke(id)
  })

  test('locking again on the same lease returns at once', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const id = await lease()
    const first = await etcd.call(etcd.lock.lock, { name, lease: id })
    expect(await etcd.call(etcd.lock.lock, { name, lease: id })).toEqual(first)
    await etcd.revoke(id)
  })

  test('locking waits until the lock is unlocked', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const [one, two] = [await lease(), await lease()]
    const { key } = await etcd.call(etcd.lock.lock, { name, lease: one })
    const joined = etcd.watch({ key: keyOf(name, two) })
    await joined.next()
    const second = etcd.call(etcd.lock.lock, { name, lease: two })
    await joined.next()
    const before = await etcd.revision()
    expect(await etcd.call(etcd.lock.unlock, { key: key ?? '' })).toEqual({
      header: header(before + 1n),
    })
    expect((await second).key).toBe(keyOf(name, two))
    joined.cancel()
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('a lock goes to the next waiter when its lease is revoked', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const [one, two] = [await lease(), await lease()]
    await etcd.call(etcd.lock.lock, { name, lease: one })
    const joined = etcd.watch({ key: keyOf(name, two) })
    await joined.next()
    const second = etcd.call(etcd.lock.lock, { name, lease: two })
    await joined.next()
    await etcd.revoke(one)
    expect((await second).key).toBe(keyOf(name, two))
    joined.cancel()
    await etcd.revoke(two)
  })

  test('a waiter whose lease is revoked is refused since 3.5; 3.4 tells it that it has the lock', async () => {
    const { etcd, series } = subject()
    const name = keyspace()('l')
    const [one, two] = [await lease(), await lease()]
    const { key } = await etcd.call(etcd.lock.lock, { name, lease: one })
    const joined = etcd.watch({ key: keyOf(name, two) })
    await joined.next()
    const second = etcd.call(etcd.lock.lock, { name, lease: two }).then(
      (answer) => answer.key,
      (error: unknown) => String(error),
    )
    await joined.next()
    await etcd.revoke(two)
    await etcd.call(etcd.lock.unlock, { key: key ?? '' })
    expect(await second).toBe(
      since(series, '3.5', 'RawError: UNKNOWN mutex: session is expired', keyOf(name, two)),
    )
    joined.cancel()
    await etcd.revoke(one)
  })

  test('a waiter that its client cancels leaves no key', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const [one, two] = [await lease(), await lease()]
    await etcd.call(etcd.lock.lock, { name, lease: one })
    const events = etcd.watch({ key: keyOf(name, two) })
    await events.next()
    const giveUp = new AbortController()
    const second = failure(etcd.call(etcd.lock.lock, { name, lease: two }, giveUp.signal))
    expect((await events.next()).events?.[0]?.type).toBeUndefined()
    // By the time the server has answered this, the waiter knows that it has joined.
    await etcd.revision()
    giveUp.abort()
    expect(await second).toBe('CANCELLED Cancelled on client')
    expect((await events.next()).events?.[0]?.type).toBe(EventType.DELETE)
    events.cancel()
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('a lock without a lease gets one of 60 seconds', async () => {
    const { etcd } = subject()
    const name = keyspace()('l')
    const { key } = await etcd.call(etcd.lock.lock, { name })
    const { kvs } = await etcd.range({ key: key ?? '' })
    const id = kvs?.[0]?.lease ?? 0n
    expect(key).toBe(keyOf(name, id))
    expect((await etcd.timeToLive({ ID: id })).grantedTTL).toBe(60n)
    await etcd.revoke(id)
  })

  test('a lock on a missing lease is refused', async () => {
    const { etcd } = subject()
    expect(
      await failure(etcd.call(etcd.lock.lock, { name: keyspace()('l'), lease: leaseId() })),
    ).toBe('UNKNOWN etcdserver: requested lease not found')
  })

  test('unlocking a free lock is not an error and creates no revision', async () => {
    const { etcd } = subject()
    const revision = await etcd.revision()
    expect(await etcd.call(etcd.lock.unlock, { key: keyspace()('l/1') })).toEqual({
      header: header(revision),
    })
  })
}
