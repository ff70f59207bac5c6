// Many watches on one stream: ids, cancellation, progress and fragments.

import { expect, test } from 'vitest'
import { withServer } from '../own-server.js'
import { header, keyspace, prefixEnd, since, type Subject } from '../subject.js'

export function watchesCases(subject: () => Subject): void {
  test('watches get ids from 0 up, and their messages carry them', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = await etcd.revision()
    const stream = etcd.watch({ key: k('a') })
    stream.send({ createRequest: { key: k('b') } })
    expect(await stream.next()).toEqual({ header: header(revision), created: true })
    expect(await stream.next()).toEqual({ header: header(revision), created: true, watchId: 1n })
    await etcd.put({ key: k('b') })
    expect((await stream.next()).watchId).toBe(1n)
    await etcd.put({ key: k('a') })
    expect((await stream.next()).watchId).toBeUndefined()
    stream.cancel()
  })

  test('an id that the client chose is kept, and skipped by the server', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const stream = etcd.watch({ key: k('a'), watchId: 1n })
    stream.send({ createRequest: { key: k('b') } })
    stream.send({ createRequest: { key: k('c') } })
    stream.send({ createRequest: { key: k('d'), watchId: 99n } })
    const ids: (bigint | undefined)[] = []
    for (let i = 0; i < 4; i++) ids.push((await stream.next()).watchId)
    expect(ids).toEqual([1n, undefined, 2n, 99n])
    stream.cancel()
  })

  test('an id that is taken is refused, and the stream goes on', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const revision = await etcd.revision()
    const stream = etcd.watch({ key, watchId: 5n })
    stream.send({ createRequest: { key, watchId: 5n } })
    await stream.next()
    expect(await stream.next()).toEqual({
      header: header(revision),
      watchId: -1n,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: duplicate watch ID provided on the WatchStream',
    })
    await etcd.put({ key })
    expect((await stream.next()).watchId).toBe(5n)
    stream.cancel()
  })

  test('an interval without keys is refused', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = await etcd.revision()
    const stream = etcd.watch({ key: k('b'), rangeEnd: k('a') })
    expect(await stream.next()).toEqual({
      header: header(revision),
      watchId: -1n,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: watcher range is empty',
    })
    stream.cancel()
  })

  test('a canceled watch is confirmed and sends no more; the others go on', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const revision = await etcd.revision()
    const stream = etcd.watch({ key, watchId: 1n })
    stream.send({ createRequest: { key, watchId: 2n } })
    stream.send({ cancelRequest: { watchId: 1n } })
    await stream.next()
    await stream.next()
    expect(await stream.next()).toEqual({ header: header(revision), watchId: 1n, canceled: true })
    await etcd.put({ key })
    await etcd.put({ key })
    expect((await stream.next()).watchId).toBe(2n)
    expect((await stream.next()).watchId).toBe(2n)
    stream.cancel()
  })

  test('canceling a missing watch is silently ignored', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const stream = etcd.watch({ key })
    await stream.next()
    stream.send({ cancelRequest: { watchId: 42n } })
    stream.send({ createRequest: { key, watchId: 43n } })
    expect((await stream.next()).watchId).toBe(43n)
    stream.cancel()
  })

  test('the id of a canceled watch can be used again', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const stream = etcd.watch({ key, watchId: 3n })
    stream.send({ cancelRequest: { watchId: 3n } })
    stream.send({ createRequest: { key, watchId: 3n } })
    await stream.next()
    expect((await stream.next()).canceled).toBe(true)
    expect((await stream.next()).created).toBe(true)
    stream.cancel()
  })

  test('a progress request returns the revision up to which all watches of the stream are up to date', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const stream = etcd.watch({ key: k('a') })
    await stream.next()
    await etcd.put({ key: k('other') })
    const revision = await etcd.revision()
    stream.send({ progressRequest: {} })
    expect(await stream.next()).toEqual({ header: header(revision), watchId: -1n })
    await etcd.put({ key: k('a') })
    expect((await stream.next()).events).toHaveLength(1)
    stream.send({ progressRequest: {} })
    expect(await stream.next()).toEqual({ header: header(revision + 1n), watchId: -1n })
    stream.cancel()
  })

  test('a progress request gets no answer while a watch has yet to begin, since 3.5', async () => {
    const { etcd, series } = subject()
    const k = keyspace()
    const revision = await etcd.revision()
    const stream = etcd.watch({ key: k('a'), startRevision: revision + 1n })
    await stream.next()
    stream.send({ progressRequest: {} })
    // The next message shows whether the progress request was answered.
    stream.send({ createRequest: { key: k('b'), watchId: 6n } })
    const progress = { header: header(revision), watchId: -1n }
    const created = { header: header(revision), created: true, watchId: 6n }
    const both = [await stream.next()]
    if (both[0]?.created !== true) both.push(await stream.next())
    expect(both).toEqual(since(series, '3.5', [created], [progress, created]))
    await etcd.put({ key: k('other') })
    stream.send({ progressRequest: {} })
    expect(await stream.next()).toEqual({ header: header(revision + 1n), watchId: -1n })
    stream.cancel()
  })

  test('an idle watch that asked for progress gets the revision at each interval', async () => {
    await withServer(
      subject(),
      async ({ etcd }) => {
        const stream = etcd.watch({ key: 'silent', watchId: 1n })
        stream.send({ createRequest: { key: 'told', watchId: 2n, progressNotify: true } })
        await stream.next()
        await stream.next()
        await etcd.put({ key: 'other' })
        const nextProgress = async () => {
          for (;;) {
            const message = await stream.next()
            if (message.header?.revision !== 1n) return message
          }
        }
        expect(await nextProgress()).toEqual({ header: header(2n), watchId: 2n })
        expect(await nextProgress()).toEqual({ header: header(2n), watchId: 2n })
        await etcd.put({ key: 'silent' })
        await etcd.put({ key: 'told' })
        const events: (bigint | undefined)[] = []
        while (events.length < 2) {
          const message = await stream.next()
          if (message.events !== undefined) events.push(message.watchId)
        }
        expect(events).toEqual([1n, 2n])
        stream.cancel()
      },
      { progressNotifyMs: 200 },
    )
  })

  test('a client that half-closes the stream still gets events', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const stream = etcd.watch({ key })
    await stream.next()
    stream.halfClose()
    await etcd.put({ key, value: '1' })
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('1')
    stream.cancel()
  })

  test('a message of more than 2 MiB comes in fragments if asked, and whole if not', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const value = 'x'.repeat(1_000_000)
    const before = await etcd.revision()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await etcd.put({ key: k(name), value })
    const messages = async (fragment: boolean) => {
      const stream = etcd.watch({
        key: k(),
        rangeEnd: prefixEnd(k()),
        startRevision: before + 1n,
        fragment,
      })
      await stream.next()
      const shapes: string[] = []
      for (let events = 0; events < 5;) {
        const message = await stream.next()
        events += message.events?.length ?? 0
        shapes.push(`${message.events?.length ?? 0}${message.fragment === true ? '+' : ''}`)
      }
      stream.cancel()
      return shapes
    }
    expect(await messages(false)).toEqual(['5'])
    expect(await messages(true)).toEqual(['2+', '2+', '1'])
    await etcd.deleteRange({ key: k(), rangeEnd: prefixEnd(k()) })
  })

  test('a thousand watches on one stream all get their events', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const stream = etcd.watch()
    for (let i = 0; i < 1000; i++) stream.send({ createRequest: { key: k(`${i % 10}`) } })
    for (let i = 0; i < 1000; i++) expect((await stream.next()).created).toBe(true)
    await etcd.put({ key: k('3') })
    const ids = new Set<bigint | undefined>()
    for (let i = 0; i < 100; i++) ids.add((await stream.next()).watchId)
    expect(ids.size).toBe(100)
    stream.cancel()
  })
}
