// Ten thousand elections of two clients on one etcd: all get a leader, the second client takes all
// over, and each client uses one stream and one lease.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GrpcTransport } from '../../src/etcd/wire/grpc.js'
import type { TransportFactory } from '../../src/etcd/wire/transport.js'
import { Candidate, type Leadership, Observer, type Session } from '../../src/index.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'

const elections = 10_000

let server: EtcdProcess
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** On a slow host so many elections take longer than a client waits by default. */
const patient = { attemptTimeoutMs: 20_000, callTimeoutMs: 60_000 }

/** A transport that counts open streams and sent messages, by method. */
function listening(): {
  transport: TransportFactory
  open: Map<string, number>
  messages: Map<string, number>
} {
  const open = new Map<string, number>()
  const messages = new Map<string, number>()
  const count = (of: Map<string, number>, what: string, by: number): void => {
    of.set(what, (of.get(what) ?? 0) + by)
  }
  const transport: TransportFactory = (endpoint) => {
    const real = new GrpcTransport(endpoint, credentials.createInsecure())
    return {
      unary(method, request, options) {
        count(messages, method.name, 1)
        return real.unary(method, request, options)
      },
      duplex(method, metadata, sink) {
        count(open, method.name, 1)
        let isOver = false
        const ended = (): void => {
          if (!isOver) count(open, method.name, -1)
          isOver = true
        }
        const stream = real.duplex(method, metadata, {
          message: (message) => {
            sink.message(message)
          },
          closed: (error) => {
            ended()
            sink.closed(error)
          },
        })
        return {
          send: (message) => {
            count(messages, method.name, 1)
            stream.send(message)
          },
          cancel: () => {
            ended()
            stream.cancel()
          },
        }
      },
      close() {
        real.close()
      },
    }
  }
  return { transport, open, messages }
}

function candidates(on: Session, prefix: string, name: string): Candidate[] {
  return Array.from(
    { length: elections },
    (_, index) => new Candidate(on, { election: `${prefix}/${String(index)}`, name }),
  )
}

test('one session takes over 10,000 elections from another, with one stream and one lease', async () => {
  const { client, session, election } = scope(server.endpoint)
  const first = session({ ttl: 60 }, client(patient))
  const { transport, open, messages } = listening()
  const second = session({ ttl: 60 }, client({ transport, ...patient }))
  await first.open()
  await second.open()
  const led = await Promise.all(
    candidates(first, election, 'a').map((candidate) => candidate.campaign()),
  )
  expect(led.every((leadership) => leadership.isValid())).toBe(true)

  const waiting = candidates(second, election, 'b')
  const wins: Leadership[] = []
  const campaigns = waiting.map((candidate) =>
    candidate.campaign().then((leadership) => wins.push(leadership)),
  )
  await until(() => waiting.every(({ term }) => term !== ''), {
    what: 'all to be candidates',
    timeoutMs: 60_000,
  })
  expect(wins).toEqual([])
  expect(messages.get('LeaseGrant')).toBe(1)
  expect(messages.get('Txn')).toBeLessThan(elections / 50)
  // One message for each watch, and one more when a stream that was silent for too long reopens.
  expect(messages.get('Watch')).toBeGreaterThanOrEqual(elections)
  expect(messages.get('Watch')).toBeLessThan(3 * elections)
  expect(open.get('Watch')).toBe(1)
  expect(open.get('LeaseKeepAlive') ?? 0).toBeLessThanOrEqual(2)

  const requests = messages.get('Txn')
  await first.close()
  await Promise.all(campaigns)
  expect(wins).toHaveLength(elections)
  expect(messages.get('Txn')).toBe(requests)
  const tokens = new Map(
    led.map(({ term, fencingToken }) => [term.split('/').slice(0, 2).join('/'), fencingToken]),
  )
  for (const { term, fencingToken } of wins) {
    const before = tokens.get(term.split('/').slice(0, 2).join('/'))
    expect(fencingToken > (before ?? fencingToken)).toBe(true)
  }
  expect(wins.every((leadership) => leadership.isValid())).toBe(true)

  await Promise.all(waiting.map((candidate) => candidate.resign()))
  expect(wins.some((leadership) => leadership.isValid())).toBe(false)
  // No candidate needs a watch any more.
  await until(() => open.get('Watch') === 0, { what: 'the watch stream to be closed' })
}, 180_000)

test('1,000 observers of one election share one watch and one list until the last one stops', async () => {
  const { transport, open, messages } = listening()
  const { client, candidate, election } = scope(server.endpoint)
  const on = client({ transport, ...patient })
  const leader = candidate('a')
  await leader.campaign()
  const observers = Array.from({ length: 1_000 }, () => new Observer(on, { election }))
  await Promise.all(observers.map((observer) => observer.start()))
  await nextTurn()
  expect(Object.fromEntries(messages)).toEqual({ Range: 1, Watch: 1 })
  const informed = observers.map(async (observer) => {
    for await (const seen of observer) if (seen?.name === 'a2') return
  })
  await leader.proclaim('a2')
  await Promise.all(informed)
  const [last, ...others] = observers
  await Promise.all(others.map((observer) => observer.stop()))
  expect(open.get('Watch')).toBe(1)
  expect(last?.leader?.name).toBe('a2')
  await last?.stop()
  await nextTurn()
  expect(open.get('Watch')).toBe(0)
})

test('a slow callback of one election delays no other election', async () => {
  const { session, election, client } = scope(server.endpoint)
  const first = session({ ttl: 60 }, client())
  const second = session({ ttl: 60 }, client())
  const two = (on: Session): [Candidate, Candidate] => [
    new Candidate(on, { election: `${election}/slow`, name: 'slow' }),
    new Candidate(on, { election: `${election}/quick`, name: 'quick' }),
  ]
  const leading = two(first)
  await Promise.all(leading.map((candidate) => candidate.campaign()))
  const [slow, quick] = two(second)
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const heard: string[] = []
  const stop = new AbortController()
  const lead = (candidate: Candidate, done: Promise<void>): Promise<void> =>
    candidate.lead(
      async () => {
        heard.push(candidate.name)
        await done
      },
      { signal: stop.signal },
    )
  const both = [lead(slow, held), lead(quick, held)]
  await until(() => slow.term !== '' && quick.term !== '', { what: 'both to wait' })
  await leading[0].resign()
  await until(() => heard.includes('slow'), { what: 'the slow one to begin' })
  await leading[1].resign()
  await until(() => heard.includes('quick'), { what: 'the quick one to be called meanwhile' })
  stop.abort()
  release()
  await Promise.all(both)
})
