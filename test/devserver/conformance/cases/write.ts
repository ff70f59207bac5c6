// Putting and deleting keys.

import { expect, test } from 'vitest'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, prefixEnd, type Subject } from '../subject.js'

export function writeCases(subject: () => Subject): void {
  test('each put creates a revision', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    expect(await etcd.put({ key: k('a'), value: '1' })).toEqual({ header: header(before + 1n) })
    expect(await etcd.put({ key: k('a'), value: '1' })).toEqual({ header: header(before + 2n) })
  })

  test('a put can return the previous key-value', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    expect(await etcd.put({ key: k('a'), value: '1', prevKv: true })).toEqual({
      header: header(before + 1n),
    })
    expect(await etcd.put({ key: k('a'), value: '2', prevKv: true })).toEqual({
      header: header(before + 2n),
      prevKv: {
        key: k('a'),
        value: '1',
        createRevision: before + 1n,
        modRevision: before + 1n,
        version: 1n,
      },
    })
  })

  test('a put can keep the current value', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('a'), value: '1' })
    await etcd.put({ key: k('a'), ignoreValue: true })
    const { kvs } = await etcd.range({ key: k('a') })
    expect(kvs).toEqual([expect.objectContaining({ value: '1', version: 2n })])
  })

  test('a put can keep the current lease', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    await etcd.put({ key: k('a'), value: '1', lease })
    await etcd.put({ key: k('a'), value: '2', ignoreLease: true })
    const { kvs } = await etcd.range({ key: k('a') })
    expect(kvs).toEqual([expect.objectContaining({ value: '2', lease })])
    await etcd.revoke(lease)
    expect((await etcd.range({ key: k('a') })).count).toBeUndefined()
  })

  test('keeping the value or the lease of a missing key is refused', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const refused = 'INVALID_ARGUMENT etcdserver: key not found'
    const before = await etcd.revision()
    expect(await failure(etcd.put({ key: k('a'), ignoreValue: true }))).toBe(refused)
    expect(await failure(etcd.put({ key: k('a'), ignoreLease: true }))).toBe(refused)
    expect(await etcd.revision()).toBe(before)
  })

  test('keeping the value or the lease and giving one is refused', async () => {
    const { etcd } = subject()
    const k = keyspace()
    expect(await failure(etcd.put({ key: k('a'), value: '1', ignoreValue: true }))).toBe(
      'INVALID_ARGUMENT etcdserver: value is provided',
    )
    expect(await failure(etcd.put({ key: k('a'), lease: 1n, ignoreLease: true }))).toBe(
      'INVALID_ARGUMENT etcdserver: lease is provided',
    )
  })

  test('a put on a missing lease is refused and changes nothing', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    expect(await failure(etcd.put({ key: k('a'), lease: leaseId() }))).toBe(
      'NOT_FOUND etcdserver: requested lease not found',
    )
    expect(await etcd.range({ key: k('a') })).toEqual({ header: header(before) })
  })

  test('a put or a delete without a key is refused', async () => {
    const { etcd } = subject()
    const refused = 'INVALID_ARGUMENT etcdserver: key is not provided'
    expect(await failure(etcd.put({ value: '1' }))).toBe(refused)
    expect(await failure(etcd.deleteRange({ rangeEnd: 'b' }))).toBe(refused)
  })

  test('a delete is one revision, however many keys it deletes', async () => {
    const { etcd } = subject()
    const k = keyspace()
    for (const name of ['a', 'b', 'c', 'd']) await etcd.put({ key: k(name), value: name })
    const before = await etcd.revision()
    expect(await etcd.deleteRange({ key: k('b') })).toEqual({
      header: header(before + 1n),
      deleted: 1n,
    })
    expect(await etcd.deleteRange({ key: k('a'), rangeEnd: k('d') })).toEqual({
      header: header(before + 2n),
      deleted: 2n,
    })
    const { kvs } = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })
    expect(kvs?.map(({ key }) => key)).toEqual([k('d')])
  })

  test('a delete can return what it deleted', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    await etcd.put({ key: k('b'), value: '2' })
    await etcd.put({ key: k('a'), value: '1' })
    expect(await etcd.deleteRange({ key: k(), rangeEnd: prefixEnd(k()), prevKv: true })).toEqual({
      header: header(before + 3n),
      deleted: 2n,
      prevKvs: [
        {
          key: k('a'),
          value: '1',
          createRevision: before + 2n,
          modRevision: before + 2n,
          version: 1n,
        },
        {
          key: k('b'),
          value: '2',
          createRevision: before + 1n,
          modRevision: before + 1n,
          version: 1n,
        },
      ],
    })
  })

  test('a delete that finds nothing creates no revision', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('b') })
    const revision = await etcd.revision()
    expect(await etcd.deleteRange({ key: k('a'), prevKv: true })).toEqual({
      header: header(revision),
    })
    expect(await etcd.deleteRange({ key: k('c'), rangeEnd: k('a') })).toEqual({
      header: header(revision),
    })
  })
}
