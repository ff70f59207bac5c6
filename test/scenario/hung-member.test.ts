// One member hangs, and another one answers the keep-alives: what becomes of a leader's lease.

import { expect, onTestFinished, test } from 'vitest'
import { inProcessTransport } from '../../src/devserver/in-process.js'
import { RpcError, Status, type Transport } from '../../src/etcd/wire/transport.js'
import { Candidate, Etcd } from '../../src/index.js'
import { EtcdHost } from '../../src/testing/etcd-host.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { TestClock } from '../../src/testing/test-clock.js'

const members = ['http://a:1', 'http://b:1', 'http://c:1']

/** One etcd under several addresses, each of which may hang, fail a read, or be slow. */
function cluster() {
  const clock = new TestClock()
  const machine = new EtcdHost({ clock, random: seededRandom(1), firstRevision: 1n })
  onTestFinished(() => {
    machine.close()
  })
  const inner = inProcessTransport(() => machine.router(), clock)
  const trouble = {
    hung: new Set<string>(),
    failsRead: undefined as string | undefined,
    readsTakeMs: 0,
  }
  const slowly = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(ms, resolve)
    })
  const transport = (endpoint: { readonly url: string }): Transport => {
    const { url } = endpoint
    const member = inner({ url, target: url, tls: false })
    const isHung = (): boolean => trouble.hung.has(url)
    return {
      unary: async (method, request, options) => {
        if (isHung()) {
          await slowly(options.timeoutMs)
          throw new RpcError(Status.deadlineExceeded, 'no answer')
        }
        if (method.name !== 'Range') return member.unary(method, request, options)
        if (trouble.failsRead === url) {
          trouble.failsRead = undefined
          throw new RpcError(Status.unavailable, 'etcdserver: leader changed')
        }
        if (trouble.readsTakeMs > 0) await slowly(trouble.readsTakeMs)
        return member.unary(method, request, options)
      },
      duplex: (method, metadata, sink) => {
        const stream = member.duplex(method, metadata, {
          message: (message) => {
            if (!isHung()) sink.message(message)
          },
          closed: (error) => {
            sink.closed(error)
          },
        })
        return {
          send: (message) => {
            if (!isHung()) stream.send(message)
          },
          cancel: () => {
            stream.cancel()
          },
        }
      },
      close: () => {
        member.close()
      },
    }
  }
  const etcd = new Etcd({ endpoints: members, transport, clock, random: () => 0.01 })
  onTestFinished(() => etcd.close())
  return { clock, etcd, trouble }
}

test.each([2, 3, 4, 5])('a lease of %i s outlives it', async (ttl) => {
  const { clock, etcd, trouble } = cluster()
  const leadership = await new Candidate(etcd, { election: 'x', name: 'n', ttl }).campaign()
  await clock.advance(ttl * 2_000)
  // From then on calls go to the second member, and the stream of keep-alives to the first.
  trouble.failsRead = members[0]
  await clock.advance(ttl * 1_000)
  expect(etcd.api.preferredMember.endpoint.url).toBe(members[1])
  trouble.hung.add(members[1] ?? '')
  await clock.advance(ttl * 3_000)
  expect(leadership.signal.reason).toBe(undefined)
  expect(leadership.isValid()).toBe(true)
})

test('a slow way does not cost a lease', async () => {
  const { clock, etcd, trouble } = cluster()
  const leadership = await new Candidate(etcd, { election: 'x', name: 'n', ttl: 2 }).campaign()
  trouble.readsTakeMs = 600
  await clock.advance(20_000)
  expect(leadership.isValid()).toBe(true)
})
