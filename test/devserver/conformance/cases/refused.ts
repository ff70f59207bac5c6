// Transactions that are refused before anything is executed.

import { expect, test } from 'vitest'
import { failure } from '../raw/client.js'
import { header, keyspace, type Subject } from '../subject.js'

const tooMany = 'INVALID_ARGUMENT etcdserver: too many operations in txn request'
const duplicate = 'INVALID_ARGUMENT etcdserver: duplicate key given in txn request'
const noKey = 'INVALID_ARGUMENT etcdserver: key is not provided'

export function refusedCases(subject: () => Subject): void {
  const refusal = (request: object) => failure(subject().etcd.txn(request))
  const accepted = async (request: object) => (await subject().etcd.txn(request)).succeeded

  const put = (key: string) => ({ requestPut: { key } })
  const del = (key: string, rangeEnd = '') => ({ requestDeleteRange: { key, rangeEnd } })
  const nest = (success: readonly object[], otherwise: readonly object[] = []) => ({
    requestTxn: { success, failure: otherwise },
  })

  test('more than 128 compares, success operations or failure operations are refused', async () => {
    const k = keyspace()
    const many = <T>(length: number, make: (i: number) => T) =>
      Array.from({ length }, (_, i) => make(i))
    const compare = { key: k('a'), createRevision: 0n, target: 1 }
    const read = { requestRange: { key: k('a') } }
    expect(await accepted({ compare: many(128, () => compare) })).toBe(true)
    expect(await accepted({ success: many(128, (i) => put(k(`${i}`))) })).toBe(true)
    expect(await accepted({ failure: many(128, () => read) })).toBe(true)
    expect(await refusal({ compare: many(129, () => compare) })).toBe(tooMany)
    expect(await refusal({ success: many(129, () => read) })).toBe(tooMany)
    expect(await refusal({ failure: many(129, () => read) })).toBe(tooMany)
  })

  test('a nested transaction shares the limit with those around it', async () => {
    const k = keyspace()
    const reads = (length: number) =>
      Array.from({ length }, () => ({ requestRange: { key: k('a') } }))
    expect(await accepted({ success: [nest(reads(127))] })).toBe(true)
    expect(await refusal({ success: [nest(reads(128))] })).toBe(tooMany)
    expect(await accepted({ success: [nest([nest(reads(126))])] })).toBe(true)
    expect(await refusal({ success: [nest([nest(reads(127))])] })).toBe(tooMany)
    expect(await accepted({ success: [nest(reads(126)), nest(reads(126))] })).toBe(true)
  })

  test('putting a key twice is refused, wherever the second put is', async () => {
    const k = keyspace()
    const a = k('a')
    expect(await refusal({ success: [put(a), put(a)] })).toBe(duplicate)
    expect(await refusal({ failure: [put(a), put(a)] })).toBe(duplicate)
    expect(await refusal({ success: [put(a), nest([put(a)])] })).toBe(duplicate)
    expect(await refusal({ success: [nest([put(a)]), nest([put(a)])] })).toBe(duplicate)
    expect(await refusal({ success: [nest([put(a)]), nest([], [put(a)])] })).toBe(duplicate)
    expect(await refusal({ success: [nest([put(a), put(a)])] })).toBe(duplicate)
    expect(await accepted({ success: [put(a)], failure: [put(a)] })).toBe(true)
    expect(await accepted({ success: [nest([put(a)], [put(a)])] })).toBe(true)
  })

  test('putting and deleting a key is refused, in either order; deleting it twice is not', async () => {
    const k = keyspace()
    const [a, b, c] = [k('a'), k('b'), k('c')]
    expect(await refusal({ success: [put(a), del(a)] })).toBe(duplicate)
    expect(await refusal({ success: [del(a), put(a)] })).toBe(duplicate)
    expect(await refusal({ success: [put(b), del(a, c)] })).toBe(duplicate)
    expect(await refusal({ success: [del(a, c), nest([put(b)])] })).toBe(duplicate)
    expect(await refusal({ success: [nest([del(a, c)]), nest([], [put(b)])] })).toBe(duplicate)
    expect(await accepted({ success: [put(c), del(a, c)] })).toBe(true)
    expect(await accepted({ success: [put(a), del(b, c)] })).toBe(true)
    expect(await accepted({ success: [del(a, c), del(a), del(b)] })).toBe(true)
  })

  test('a delete "from this key on" does not count as overlapping a put, and deletes what was put', async () => {
    const { etcd } = subject()
    const key = `\xfe${keyspace()('a')}`
    const before = await etcd.revision()
    expect((await etcd.txn({ success: [put(key), del(key, '\0')] })).responses).toEqual([
      { responsePut: { header: { revision: before + 1n } } },
      { responseDeleteRange: { header: { revision: before + 1n }, deleted: 1n } },
    ])
    expect(await etcd.range({ key })).toEqual({ header: header(before + 1n) })
  })

  test('an operation or a compare without a key is refused, in either list', async () => {
    const k = keyspace()
    expect(await refusal({ compare: [{ version: 0n }] })).toBe(noKey)
    expect(await refusal({ success: [put('')] })).toBe(noKey)
    expect(await refusal({ failure: [put('')] })).toBe(noKey)
    expect(await refusal({ success: [del('')] })).toBe(noKey)
    expect(await refusal({ success: [{ requestRange: {} }] })).toBe(noKey)
    expect(await refusal({ success: [nest([put('')])] })).toBe(noKey)
    expect(await refusal({ success: [{}] })).toBe('INVALID_ARGUMENT etcdserver: key not found')
    expect(
      await refusal({ success: [{ requestPut: { key: k('a'), value: '1', ignoreValue: true } }] }),
    ).toBe('INVALID_ARGUMENT etcdserver: value is provided')
    expect(
      await refusal({ success: [{ requestPut: { key: k('a'), lease: 1n, ignoreLease: true } }] }),
    ).toBe('INVALID_ARGUMENT etcdserver: lease is provided')
  })
}
