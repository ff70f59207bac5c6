// Watching: which events a watch sends, and from which revision on. See also watches.ts.

import { expect, test } from 'vitest'
import { Event_EventType as EventType } from '../../../../src/etcd/wire/gen/kv_pb.js'
import { WatchCreateRequest_FilterType as Filter } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { header, keyspace, prefixEnd, type Subject } from '../subject.js'

export function watchCases(subject: () => Subject): void {
  test('a watch is confirmed, then sends each change under its revision', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    const stream = etcd.watch({ key })
    expect(await stream.next()).toEqual({ header: header(before), created: true })
    await etcd.put({ key, value: '1' })
    await etcd.put({ key, value: '2' })
    await etcd.deleteRange({ key })
    const life = { key, createRevision: before + 1n }
    expect(await stream.next()).toEqual({
      header: header(before + 1n),
      events: [{ kv: { ...life, value: '1', modRevision: before + 1n, version: 1n } }],
    })
    expect(await stream.next()).toEqual({
      header: header(before + 2n),
      events: [{ kv: { ...life, value: '2', modRevision: before + 2n, version: 2n } }],
    })
    expect(await stream.next()).toEqual({
      header: header(before + 3n),
      events: [{ type: EventType.DELETE, kv: { key, modRevision: before + 3n } }],
    })
    stream.cancel()
  })

  test('the previous key-value is sent if asked', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const stream = etcd.watch({ key, prevKv: true })
    await stream.next()
    const before = await etcd.revision()
    await etcd.put({ key, value: '1' })
    await etcd.put({ key, value: '2' })
    await etcd.deleteRange({ key })
    const at = (value: string, modRevision: bigint, version: bigint) => ({
      key,
      value,
      createRevision: before + 1n,
      modRevision,
      version,
    })
    const [one, two] = [at('1', before + 1n, 1n), at('2', before + 2n, 2n)]
    expect((await stream.next()).events).toEqual([{ kv: one }])
    expect((await stream.next()).events).toEqual([{ kv: two, prevKv: one }])
    expect((await stream.next()).events).toEqual([
      { type: EventType.DELETE, kv: { key, modRevision: before + 3n }, prevKv: two },
    ])
    stream.cancel()
  })

  test('a prefix, an interval and "from this key on" select the keys', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const seen = async (rangeEnd: string) => {
      const stream = etcd.watch({ key: k('b'), rangeEnd })
      await stream.next()
      const names = ['a', 'b', 'ba', 'c', 'd']
      for (const name of names) await etcd.put({ key: k(name) })
      await etcd.put({ key: k('b'), value: 'last' })
      const keys: (string | undefined)[] = []
      for (;;) {
        const { kv } = (await stream.next()).events?.[0] ?? {}
        if (kv?.value === 'last') break
        keys.push(kv?.key?.slice(k().length))
      }
      stream.cancel()
      return keys.join(' ')
    }
    expect(await seen('')).toBe('b')
    expect(await seen(k('c'))).toBe('b ba')
    expect(await seen(k('cc'))).toBe('b ba c')
    expect(await seen('\0')).toBe('b ba c d')
  })

  test('all changes of a transaction to watched keys come in one message, in their order', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('c') })
    const stream = etcd.watch({ key: k(), rangeEnd: prefixEnd(k()) })
    await stream.next()
    const before = await etcd.revision()
    await etcd.txn({
      success: [
        { requestPut: { key: k('b') } },
        { requestDeleteRange: { key: k('c') } },
        { requestPut: { key: k('a') } },
      ],
    })
    const modRevision = before + 1n
    const put = { createRevision: modRevision, modRevision, version: 1n }
    expect(await stream.next()).toEqual({
      header: header(modRevision),
      events: [
        { kv: { key: k('b'), ...put } },
        { type: EventType.DELETE, kv: { key: k('c'), modRevision } },
        { kv: { key: k('a'), ...put } },
      ],
    })
    stream.cancel()
  })

  test('filters leave out puts or deletes', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const types = async (filters: readonly Filter[]) => {
      const stream = etcd.watch({ key: k(), rangeEnd: prefixEnd(k()), filters })
      await stream.next()
      await etcd.put({ key: k('a') })
      await etcd.deleteRange({ key: k('a') })
      await etcd.put({ key: k('b') })
      await etcd.deleteRange({ key: k('b') })
      const first = (await stream.next()).events?.[0]
      const second = (await stream.next()).events?.[0]
      stream.cancel()
      return [first, second].map((event) => `${event?.type ?? 0} ${event?.kv?.key?.at(-1) ?? ''}`)
    }
    expect(await types([])).toEqual(['0 a', '1 a'])
    expect(await types([Filter.NOPUT])).toEqual(['1 a', '1 b'])
    expect(await types([Filter.NODELETE])).toEqual(['0 a', '0 b'])
  })

  test('a start revision in the past replays what happened, and goes on from there', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    for (const value of ['1', '2', '3']) await etcd.put({ key, value })
    const stream = etcd.watch({ key, startRevision: before + 2n })
    expect(await stream.next()).toEqual({ header: header(before + 3n), created: true })
    const replayed: string[] = []
    while (replayed.length < 2) {
      for (const { kv } of (await stream.next()).events ?? []) replayed.push(kv?.value ?? '')
    }
    expect(replayed).toEqual(['2', '3'])
    await etcd.put({ key, value: '4' })
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('4')
    stream.cancel()
  })

  test('the replay sends previous key-values and applies the filters', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    await etcd.put({ key, value: '1' })
    await etcd.deleteRange({ key })
    await etcd.put({ key, value: '2' })
    await etcd.deleteRange({ key })
    const stream = etcd.watch({
      key,
      startRevision: before + 1n,
      prevKv: true,
      filters: [Filter.NOPUT],
    })
    await stream.next()
    const replayed = []
    while (replayed.length < 2) replayed.push(...((await stream.next()).events ?? []))
    expect(replayed.map(({ kv, prevKv }) => [kv?.modRevision, prevKv?.value])).toEqual([
      [before + 2n, '1'],
      [before + 4n, '2'],
    ])
    stream.cancel()
  })

  test('a start revision in the future skips earlier changes', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    const stream = etcd.watch({ key, startRevision: before + 3n })
    await stream.next()
    for (const value of ['1', '2', '3']) await etcd.put({ key, value })
    expect((await stream.next()).events).toEqual([
      {
        kv: { key, value: '3', createRevision: before + 1n, modRevision: before + 3n, version: 3n },
      },
    ])
    stream.cancel()
  })

  test('a watch from a compacted revision is confirmed, then canceled with the compact revision', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const before = await etcd.revision()
    for (const value of ['1', '2', '3']) await etcd.put({ key, value })
    await etcd.compact({ revision: before + 3n })
    const stream = etcd.watch({ key, startRevision: before + 2n, watchId: 7n })
    expect(await stream.next()).toEqual({
      header: header(before + 3n),
      watchId: 7n,
      created: true,
    })
    expect(await stream.next()).toEqual({
      header: { ...header(before), revision: undefined },
      watchId: 7n,
      canceled: true,
      compactRevision: before + 3n,
    })
    stream.send({ createRequest: { key, startRevision: before + 3n } })
    expect((await stream.next()).created).toBe(true)
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('3')
    stream.cancel()
  })

  test('the id of a watch that a compaction canceled stays taken until the client cancels it too', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    for (const value of ['1', '2']) await etcd.put({ key, value })
    const revision = await etcd.revision()
    await etcd.compact({ revision })
    const createRequest = { key, startRevision: revision - 1n, watchId: 7n }
    const stream = etcd.watch(createRequest)
    await stream.next()
    expect((await stream.next()).compactRevision).toBe(revision)
    stream.send({ createRequest })
    expect((await stream.next()).cancelReason).toBe(
      'mvcc: duplicate watch ID provided on the WatchStream',
    )
    stream.send({ cancelRequest: { watchId: 7n } })
    expect(await stream.next()).toEqual({ header: header(revision), watchId: 7n, canceled: true })
    stream.send({ createRequest })
    expect(await stream.next()).toEqual({ header: header(revision), watchId: 7n, created: true })
    stream.cancel()
  })

  test('a compaction does not affect a watch that is up to date', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const stream = etcd.watch({ key })
    await stream.next()
    const { header: last } = await etcd.put({ key, value: '1' })
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('1')
    await etcd.compact({ revision: last?.revision ?? 0n })
    await etcd.put({ key, value: '2' })
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('2')
    stream.cancel()
  })
}
