// Leases, except for the cases that wait for one to expire: expiry.ts.

import { expect, test } from 'vitest'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, positive, prefixEnd, type Subject } from '../subject.js'

const notFound = 'NOT_FOUND etcdserver: requested lease not found'

export function leaseCases(subject: () => Subject): void {
  test('a lease gets an id from the server, or the requested one', async () => {
    const { etcd } = subject()
    const revision = await etcd.revision()
    const chosen = leaseId()
    const given = await etcd.grant(600n)
    expect(given).toEqual({ header: header(revision), ID: positive, TTL: 600n })
    expect(await etcd.grant(600n, chosen)).toEqual({
      header: header(revision),
      ID: chosen,
      TTL: 600n,
    })
    await etcd.revoke(given.ID ?? 0n)
    await etcd.revoke(chosen)
  })

  test('an id that is taken is refused, so that a grant can be sent again', async () => {
    const { etcd } = subject()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    expect(await failure(etcd.grant(30n, lease))).toBe(
      'FAILED_PRECONDITION etcdserver: lease already exists',
    )
    await etcd.revoke(lease)
    expect((await etcd.grant(30n, lease)).TTL).toBe(30n)
    await etcd.revoke(lease)
  })

  test('a short TTL is raised to 2 seconds, and one above 9,000,000,000 is refused', async () => {
    const { etcd } = subject()
    for (const [asked, granted] of [
      [1n, 2n],
      [2n, 2n],
      [3n, 3n],
      [9_000_000_000n, 9_000_000_000n],
    ] as const) {
      const { ID, TTL } = await etcd.grant(asked)
      expect([asked, TTL]).toEqual([asked, granted])
      await etcd.revoke(ID ?? 0n).catch(() => undefined)
    }
    expect(await failure(etcd.grant(9_000_000_001n))).toBe(
      'OUT_OF_RANGE etcdserver: too large lease TTL',
    )
  })

  test('time to live returns the remaining and the granted TTL, and the keys if asked', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    await etcd.put({ key: k('b'), lease })
    const { header: last } = await etcd.put({ key: k('a'), lease })
    const told = {
      header: last,
      ID: lease,
      TTL: expect.toSatisfy(almost600) as unknown,
      grantedTTL: 600n,
    }
    expect(await etcd.timeToLive({ ID: lease })).toEqual(told)
    const withKeys = await etcd.timeToLive({ ID: lease, keys: true })
    expect({ ...withKeys, keys: [...(withKeys.keys ?? [])].sort() }).toEqual({
      ...told,
      keys: [k('a'), k('b')],
    })
    await etcd.revoke(lease)
  })

  test('time to live of a missing lease is -1, without an error', async () => {
    const { etcd } = subject()
    const revision = await etcd.revision()
    const lease = leaseId()
    expect(await etcd.timeToLive({ ID: lease, keys: true })).toEqual({
      header: header(revision),
      ID: lease,
      TTL: -1n,
    })
  })

  test('the list of leases contains the live ones', async () => {
    const { etcd } = subject()
    const [one, two] = [leaseId(), leaseId()]
    await etcd.grant(600n, one)
    await etcd.grant(500n, two)
    const revision = await etcd.revision()
    const all = await etcd.leases()
    expect(all.header).toEqual(header(revision))
    expect(all.leases).toEqual(expect.arrayContaining([{ ID: one }, { ID: two }]))
    await etcd.revoke(one)
    expect((await etcd.leases()).leases).not.toContainEqual({ ID: one })
    expect((await etcd.leases()).leases).toContainEqual({ ID: two })
    await etcd.revoke(two)
  })

  test('revoking deletes all keys of the lease in one revision', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    for (const name of ['a', 'b', 'c']) await etcd.put({ key: k(name), lease })
    await etcd.put({ key: k('other') })
    const before = await etcd.revision()
    expect(await etcd.revoke(lease)).toEqual({ header: header(before + 1n) })
    const { kvs } = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })
    expect(kvs?.map(({ key }) => key)).toEqual([k('other')])
  })

  test('revoking a lease without keys creates no revision', async () => {
    const { etcd } = subject()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    const revision = await etcd.revision()
    expect(await etcd.revoke(lease)).toEqual({ header: header(revision) })
  })

  test('revoking a missing lease is refused', async () => {
    const { etcd } = subject()
    expect(await failure(etcd.revoke(leaseId()))).toBe(notFound)
    expect(await failure(etcd.revoke(0n))).toBe(notFound)
  })

  test('a key belongs to the lease of its last put', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const [one, two] = [leaseId(), leaseId()]
    await etcd.grant(600n, one)
    await etcd.grant(600n, two)
    await etcd.put({ key: k('moved'), lease: one })
    await etcd.put({ key: k('moved'), lease: two })
    await etcd.put({ key: k('detached'), lease: one })
    await etcd.put({ key: k('detached') })
    await etcd.put({ key: k('deleted'), lease: one })
    await etcd.deleteRange({ key: k('deleted') })
    await etcd.put({ key: k('deleted') })
    expect((await etcd.timeToLive({ ID: one, keys: true })).keys).toBeUndefined()
    expect((await etcd.timeToLive({ ID: two, keys: true })).keys).toEqual([k('moved')])
    await etcd.revoke(one)
    expect((await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })).count).toBe(3n)
    await etcd.revoke(two)
    expect((await etcd.range({ key: k('moved') })).count).toBeUndefined()
  })

  test('keep-alives are answered in order, with the granted TTL', async () => {
    const { etcd } = subject()
    const [one, two] = [leaseId(), leaseId()]
    await etcd.grant(600n, one)
    await etcd.grant(700n, two)
    const revision = await etcd.revision()
    const stream = etcd.keepAlive()
    for (const ID of [one, two, one]) stream.send({ ID })
    expect(await stream.next()).toEqual({ header: header(revision), ID: one, TTL: 600n })
    expect(await stream.next()).toEqual({ header: header(revision), ID: two, TTL: 700n })
    expect(await stream.next()).toEqual({ header: header(revision), ID: one, TTL: 600n })
    stream.halfClose()
    expect(await stream.ended).toBe('OK')
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('a keep-alive of a missing lease is answered with a TTL of 0', async () => {
    const { etcd } = subject()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    const stream = etcd.keepAlive()
    stream.send({ ID: lease })
    expect((await stream.next()).TTL).toBe(600n)
    await etcd.revoke(lease)
    const revision = await etcd.revision()
    stream.send({ ID: lease })
    expect(await stream.next()).toEqual({ header: header(revision), ID: lease })
    stream.cancel()
  })
}

function almost600(ttl: unknown): boolean {
  return typeof ttl === 'bigint' && ttl >= 590n && ttl <= 600n
}
