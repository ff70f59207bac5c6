// lead(), the loop that most services want: the work runs while its candidate leads.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Leadership } from '../../src/index.js'
import { scope } from '../support/scope.js'
import { describeServers, type Server, startServer } from '../support/server.js'
import { until } from '../support/until.js'

/** Work that runs until its term is over, and records its terms. */
function untilStopped(terms: Leadership[]): (leadership: Leadership) => Promise<void> {
  return async (leadership) => {
    terms.push(leadership)
    await new Promise<void>((resolve) => {
      leadership.signal.addEventListener('abort', () => {
        resolve()
      })
    })
  }
}

describeServers((version) => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(version)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test('campaigns again after its key was deleted', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const stop = new AbortController()
    const terms: Leadership[] = []
    const leading = a.lead(untilStopped(terms), { signal: stop.signal })
    await until(() => terms.length === 1, { what: 'the first term' })
    await server.etcdctl('del', a.term)
    await until(() => terms.length === 2, { what: 'the second term' })
    expect(terms[1]?.fencingToken).toBeGreaterThan(terms[0]?.fencingToken ?? 0n)
    stop.abort()
    await leading
    expect(await terms[1]?.ended).toBe('resigned')
  })

  test('when stopped, gives the key up only after the work has ended', async () => {
    const { candidate, observer } = scope(server.endpoint)
    const a = candidate('a', { ttl: 60 })
    const watching = observer()
    await watching.start()
    const stop = new AbortController()
    const facts: string[] = []
    let finish = (): void => undefined
    const leading = a.lead(
      async (leadership) => {
        await new Promise<void>((resolve) => {
          leadership.signal.addEventListener('abort', () => {
            facts.push(`asked: ${String(leadership.signal.reason)}`)
            resolve()
          })
        })
        await new Promise<void>((resolve) => (finish = resolve))
        facts.push(`still leads: ${String(leadership.isValid() && (await a.isLeader()))}`)
      },
      { signal: stop.signal },
    )
    await until(() => watching.leader?.name === 'a', { what: 'a to lead' })
    const next = candidate('b').campaign()
    await until(() => watching.candidates.length === 2, { what: 'b to wait' })
    stop.abort('shutting down')
    await until(() => facts.length === 1, { what: 'the work to be asked to stop' })
    finish()
    await leading
    expect(facts).toEqual(['asked: shutting down', 'still leads: true'])
    expect((await next).name).toBe('b')
  })

  test('resigns when the work ends, so that the next candidate leads', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const stop = new AbortController()
    let rounds = 0
    const leading = a.lead(
      () => {
        rounds += 1
      },
      { signal: stop.signal },
    )
    await until(() => rounds > 0, { what: 'the work to be done once' })
    expect((await candidate('b').campaign()).isValid()).toBe(true)
    stop.abort()
    await leading
  })

  test('rejects with the error of the work, and gives the key up', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a', { ttl: 60 })
    const bug = new Error('a bug in the work')
    await expect(
      a.lead(() => {
        throw bug
      }),
    ).rejects.toBe(bug)
    expect(a.leadership).toBeUndefined()
    expect((await candidate('b').campaign()).name).toBe('b')
  })

  test('goes on when the work fails because its term is over', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const stop = new AbortController()
    const terms: Leadership[] = []
    const leading = a.lead(
      async (leadership) => {
        await untilStopped(terms)(leadership)
        leadership.signal.throwIfAborted()
      },
      { signal: stop.signal },
    )
    await until(() => terms.length === 1, { what: 'the first term' })
    await server.etcdctl('del', a.term)
    await until(() => terms.length === 2, { what: 'the second term' })
    stop.abort()
    await leading
  })

  test('ends at once when stopped while it waits or before it begins', async () => {
    const { candidate, observer } = scope(server.endpoint)
    const watching = observer()
    await watching.start()
    await candidate('a').campaign()
    const stop = new AbortController()
    const b = candidate('b')
    const leading = b.lead(() => undefined, { signal: stop.signal })
    await until(() => watching.candidates.length === 2, { what: 'b to wait' })
    stop.abort()
    await leading
    await b.lead(() => undefined, { signal: stop.signal })
    await until(() => watching.candidates.length === 1, { what: 'b to be gone' })
  })

  test('ends when its candidate is closed', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const terms: Leadership[] = []
    const leading = a.lead(untilStopped(terms))
    await until(() => terms.length === 1, { what: 'the first term' })
    await a.close()
    await leading
    expect(await terms[0]?.ended).toBe('closed')
  })

  test('rejects with an error that retrying cannot fix', async () => {
    const { candidate, session } = scope(server.endpoint)
    const shared = session()
    await candidate('a', { on: shared }).campaign()
    const second = candidate('b', { on: shared })
    await expect(second.lead(() => undefined)).rejects.toMatchObject({
      code: 'ELECT_ALREADY_A_CANDIDATE',
    })
    await expect(second.lead(undefined as never)).rejects.toMatchObject({
      code: 'ELECT_INVALID_ARGUMENT',
      option: 'work',
    })
  })
})
