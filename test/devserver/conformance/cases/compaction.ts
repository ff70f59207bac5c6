// Compacting old revisions. Later cases on the same server must read only their own revisions.

import { expect, test } from 'vitest'
import { failure } from '../raw/client.js'
import { header, keyspace, since, type Subject } from '../subject.js'

const compacted = 'OUT_OF_RANGE etcdserver: mvcc: required revision has been compacted'
const future = 'OUT_OF_RANGE etcdserver: mvcc: required revision is a future revision'

export function compactionCases(subject: () => Subject): void {
  test('a compaction discards the states before its revision, and keeps the one at it', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    for (const value of ['1', '2', '3']) await etcd.put({ key, value })
    expect(await etcd.compact({ revision: before + 2n })).toEqual({ header: header(before + 3n) })
    const at = async (revision: bigint) => (await etcd.range({ key, revision })).kvs?.[0]?.value
    expect(await failure(at(before + 1n))).toBe(compacted)
    expect(await at(before + 2n)).toBe('2')
    expect(await at(before + 3n)).toBe('3')
    expect(
      await failure(etcd.txn({ success: [{ requestRange: { key, revision: before + 1n } }] })),
    ).toBe(compacted)
  })

  test('a key keeps its create revision and its version across a compaction', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    for (const value of ['1', '2', '3']) await etcd.put({ key, value })
    await etcd.compact({ revision: before + 3n, physical: true })
    await etcd.put({ key, value: '4' })
    expect((await etcd.range({ key })).kvs).toEqual([
      { key, value: '4', createRevision: before + 1n, modRevision: before + 4n, version: 4n },
    ])
  })

  test('a key that was deleted before the compaction stays deleted', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    await etcd.put({ key, value: '1' })
    await etcd.deleteRange({ key })
    await etcd.compact({ revision: before + 2n, physical: true })
    expect(await etcd.range({ key })).toEqual({ header: header(before + 2n) })
    expect(await etcd.range({ key, revision: before + 2n })).toEqual({
      header: header(before + 2n),
    })
    await etcd.put({ key, value: '2' })
    expect((await etcd.range({ key })).kvs).toEqual([
      { key, value: '2', createRevision: before + 3n, modRevision: before + 3n, version: 1n },
    ])
  })

  test('watches get a delete at the exact revision of a compaction, but not from 3.4', async () => {
    const { etcd, series } = subject()
    const key = keyspace()('a')
    await etcd.put({ key })
    const { header: last } = await etcd.deleteRange({ key })
    const startRevision = last?.revision ?? 0n
    await etcd.compact({ revision: startRevision, physical: true })
    const { header: next } = await etcd.put({ key })
    const stream = etcd.watch({ key, startRevision })
    await stream.next()
    expect((await stream.next()).events?.[0]?.kv?.modRevision).toBe(
      since(series, '3.5', startRevision, next?.revision),
    )
    stream.cancel()
  })

  test('compacting at a revision that is already compacted, or in the future, is refused', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const { header: last } = await etcd.put({ key })
    const revision = last?.revision ?? 0n
    await etcd.compact({ revision })
    expect(await failure(etcd.compact({ revision }))).toBe(compacted)
    expect(await failure(etcd.compact({ revision: revision - 1n }))).toBe(compacted)
    expect(await failure(etcd.compact({ revision: 0n }))).toBe(compacted)
    expect(await failure(etcd.compact({ revision: revision + 1n }))).toBe(future)
  })
}
