// Reading keys: selection, order, limits and revisions.

import { expect, test } from 'vitest'
import {
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Target,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { withServer } from '../own-server.js'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, prefixEnd, since, type Subject } from '../subject.js'

export function rangeCases(subject: () => Subject): void {
  /** Puts the keys in this order, each with its value; returns the revision before. */
  async function fill(k: (name?: string) => string, pairs: Readonly<Record<string, string>>) {
    const { etcd } = subject()
    const before = await etcd.revision()
    for (const [name, value] of Object.entries(pairs)) await etcd.put({ key: k(name), value })
    return before
  }

  const names = (answer: { readonly kvs?: readonly { readonly key?: string }[] }) =>
    (answer.kvs ?? []).map(({ key }) => key?.split('/')[1]).join(' ')

  test('a single key is returned with all its fields', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '1' })
    await etcd.put({ key: k('a'), value: '2' })
    expect(await etcd.range({ key: k('a') })).toEqual({
      header: header(before + 2n),
      kvs: [
        {
          key: k('a'),
          value: '2',
          createRevision: before + 1n,
          modRevision: before + 2n,
          version: 2n,
        },
      ],
      count: 1n,
    })
  })

  test('a missing key is answered with a count of 0', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = await etcd.revision()
    expect(await etcd.range({ key: k('a') })).toEqual({ header: header(revision) })
  })

  test('keys and values can hold any bytes', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
    await etcd.put({ key: k(every), value: every })
    const { kvs } = await etcd.range({ key: k(every) })
    expect(kvs).toEqual([expect.objectContaining({ key: k(every), value: every })])
  })

  test('an interval is returned sorted by key, without its end', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { d: '', b: '', a: '', c: '', B: '' })
    const answer = await etcd.range({ key: k('a'), rangeEnd: k('d') })
    expect([names(answer), answer.count]).toEqual(['a b c', 3n])
  })

  test('keys are ordered by their bytes', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { a: '', 'a\0': '', B: '', '\xff': '', '\xc3\xa4': '', aa: '' })
    const answer = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })
    expect(names(answer)).toBe('B a a\0 aa \xc3\xa4 \xff')
  })

  test('an interval that ends where it begins, or before, is empty', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = (await fill(k, { a: '', b: '' })) + 2n
    expect(await etcd.range({ key: k('b'), rangeEnd: k('b') })).toEqual({
      header: header(revision),
    })
    expect(await etcd.range({ key: k('b'), rangeEnd: k('a') })).toEqual({
      header: header(revision),
    })
  })

  test('a range end of one zero byte means every key from the first one on', async () => {
    const { etcd } = subject()
    const last = '\xff\xff\xfflast'
    await etcd.put({ key: last })
    const from = await etcd.range({ key: '\xff\xff\xff', rangeEnd: '\0', keysOnly: true })
    expect(from.kvs?.map(({ key }) => key)).toEqual([last])
    const all = await etcd.range({ key: '\0', rangeEnd: '\0', keysOnly: true })
    expect(all.kvs?.at(-1)?.key).toBe(last)
    expect(all.kvs).toHaveLength(Number(all.count))
    await etcd.deleteRange({ key: last })
  })

  test('a limit shortens the response, sets `more`, and does not change the count', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { a: '', b: '', c: '' })
    const limited = async (limit: bigint) => {
      const answer = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()), limit })
      return [names(answer), answer.more, answer.count]
    }
    expect(await limited(2n)).toEqual(['a b', true, 3n])
    expect(await limited(3n)).toEqual(['a b c', undefined, 3n])
    expect(await limited(0n)).toEqual(['a b c', undefined, 3n])
    expect(await limited(-1n)).toEqual(['a b c', undefined, 3n])
  })

  test('a sort order is applied to each target, and before the limit', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { c: '2', a: '3', b: '1' })
    await etcd.put({ key: k('a'), value: '3' })
    await etcd.put({ key: k('a'), value: '3' })
    await etcd.put({ key: k('c'), value: '2' })
    const sorted = async (sortTarget: Target, sortOrder: Order, limit = 0n) =>
      names(await etcd.range({ key: k(), rangeEnd: prefixEnd(k()), sortTarget, sortOrder, limit }))
    expect(await sorted(Target.KEY, Order.ASCEND)).toBe('a b c')
    expect(await sorted(Target.KEY, Order.DESCEND)).toBe('c b a')
    expect(await sorted(Target.VERSION, Order.ASCEND)).toBe('b c a')
    expect(await sorted(Target.VERSION, Order.DESCEND)).toBe('a c b')
    expect(await sorted(Target.CREATE, Order.ASCEND)).toBe('c a b')
    expect(await sorted(Target.CREATE, Order.DESCEND)).toBe('b a c')
    expect(await sorted(Target.MOD, Order.ASCEND)).toBe('b a c')
    expect(await sorted(Target.MOD, Order.DESCEND)).toBe('c a b')
    expect(await sorted(Target.VALUE, Order.ASCEND)).toBe('b c a')
    expect(await sorted(Target.VALUE, Order.DESCEND)).toBe('a c b')
    expect(await sorted(Target.VALUE, Order.DESCEND, 1n)).toBe('a')
  })

  test('a sort target without an order sorts ascending', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { c: '2', a: '3', b: '1' })
    const sorted = async (sortTarget: Target) =>
      names(await etcd.range({ key: k(), rangeEnd: prefixEnd(k()), sortTarget }))
    expect(await sorted(Target.CREATE)).toBe('c a b')
    expect(await sorted(Target.VALUE)).toBe('b c a')
  })

  test('items that sort equal stay in the order of their keys, ascending and descending', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await fill(k, { c: '1', a: '1', b: '1' })
    const sorted = async (sortOrder: Order) =>
      names(
        await etcd.range({
          key: k(),
          rangeEnd: prefixEnd(k()),
          sortTarget: Target.VALUE,
          sortOrder,
        }),
      )
    expect(await sorted(Order.ASCEND)).toBe('a b c')
    expect(await sorted(Order.DESCEND)).toBe('a b c')
  })

  test('bounds on the revisions select keys and do not change the count', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '', b: '', c: '' })
    await etcd.put({ key: k('a') })
    const bounded = async (bounds: object) => {
      const answer = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()), ...bounds })
      return [names(answer), answer.more, answer.count]
    }
    expect(await bounded({ minModRevision: before + 3n })).toEqual(['a c', undefined, 3n])
    expect(await bounded({ maxModRevision: before + 3n })).toEqual(['b c', undefined, 3n])
    expect(await bounded({ minCreateRevision: before + 2n })).toEqual(['b c', undefined, 3n])
    expect(await bounded({ maxCreateRevision: before + 2n })).toEqual(['a b', undefined, 3n])
    expect(await bounded({ minModRevision: before + 3n, maxCreateRevision: before + 1n })).toEqual([
      'a',
      undefined,
      3n,
    ])
    expect(await bounded({ minModRevision: before + 3n, limit: 1n })).toEqual(['a', true, 3n])
    expect(await bounded({ minModRevision: before + 5n })).toEqual(['', undefined, 3n])
  })

  test('`keysOnly` leaves out the values and nothing else', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '1' })
    expect(await etcd.range({ key: k('a'), keysOnly: true })).toEqual({
      header: header(before + 1n),
      kvs: [{ key: k('a'), createRevision: before + 1n, modRevision: before + 1n, version: 1n }],
      count: 1n,
    })
  })

  // The behaviour of 3.7 is a bug of etcd (https://github.com/etcd-io/etcd/issues/22209).
  test('`keysOnly` returns the lease too; since 3.7 only when the keys are sorted by their values', async () => {
    const { etcd, series } = subject()
    const key = keyspace()('a')
    const id = leaseId()
    await etcd.grant(60n, id)
    await etcd.put({ key, value: '1', lease: id })
    const leaseOf = async (sortTarget: Target) =>
      (await etcd.range({ key, keysOnly: true, sortTarget })).kvs?.[0]?.lease
    expect(await leaseOf(Target.VALUE)).toBe(id)
    expect(await leaseOf(Target.KEY)).toBe(since(series, '3.7', undefined, id))
    await etcd.revoke(id)
  })

  test('`countOnly` returns no keys', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '1', b: '2' })
    const request = { key: k(), rangeEnd: prefixEnd(k()), countOnly: true }
    expect(await etcd.range(request)).toEqual({ header: header(before + 2n), count: 2n })
    expect(await etcd.range({ ...request, limit: 1n })).toEqual({
      header: header(before + 2n),
      count: 2n,
    })
  })

  test('an older revision returns the keys of that revision under the current header', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '1', b: '1' })
    await etcd.put({ key: k('a'), value: '2' })
    await etcd.deleteRange({ key: k('b') })
    const at = (revision: bigint) =>
      etcd.range({ key: k(), rangeEnd: prefixEnd(k()), revision, serializable: true })
    const b = { key: k('b'), value: '1', createRevision: before + 2n, modRevision: before + 2n }
    expect(await at(before + 2n)).toEqual({
      header: header(before + 4n),
      kvs: [
        {
          key: k('a'),
          value: '1',
          createRevision: before + 1n,
          modRevision: before + 1n,
          version: 1n,
        },
        { ...b, version: 1n },
      ],
      count: 2n,
    })
    expect(names(await at(before + 1n))).toBe('a')
    expect(names(await at(before))).toBe('')
    expect(names(await at(before + 4n))).toBe('a')
    expect(names(await at(-1n))).toBe('a')
  })

  test('a key that was deleted and put again starts with a new create revision and version', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await fill(k, { a: '1' })
    await etcd.put({ key: k('a'), value: '2' })
    await etcd.deleteRange({ key: k('a') })
    await etcd.put({ key: k('a'), value: '3' })
    const { kvs } = await etcd.range({ key: k('a') })
    expect(kvs).toEqual([
      {
        key: k('a'),
        value: '3',
        createRevision: before + 4n,
        modRevision: before + 4n,
        version: 1n,
      },
    ])
  })

  test('a future revision is refused', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = (await etcd.revision()) + 1n
    expect(await failure(etcd.range({ key: k('a'), revision }))).toBe(
      'OUT_OF_RANGE etcdserver: mvcc: required revision is a future revision',
    )
  })

  test('an empty key is refused', async () => {
    const { etcd } = subject()
    expect(await failure(etcd.range({}))).toBe('INVALID_ARGUMENT etcdserver: key is not provided')
    expect(await failure(etcd.range({ rangeEnd: 'b' }))).toBe(
      'INVALID_ARGUMENT etcdserver: key is not provided',
    )
  })

  test('an unknown sort order or target is refused since 3.6; an unknown target makes older versions panic', async () => {
    await withServer(subject(), async ({ etcd }) => {
      const order: object = { sortOrder: 9 }
      const target: object = { sortTarget: 9 }
      const refused = 'RawError: INVALID_ARGUMENT etcdserver: invalid sort option'
      const outcome = (request: object) =>
        etcd.range({ key: 'a', ...request }).then(() => 'answered', String)
      const { series } = subject()
      expect(await outcome(order)).toBe(since(series, '3.6', refused, 'answered'))
      expect(await outcome(target)).toMatch(
        since<string | RegExp>(series, '3.6', refused, /^RawError: UNAVAILABLE /),
      )
    })
  })
}
