import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import {
  AuthError,
  ClosedError,
  RefusedError,
  TimeoutError,
  UnavailableError,
} from '../../../../src/base/errors.js'
import type { CallOptions } from '../../../../src/etcd/api.js'
import { Calls } from '../../../../src/etcd/cluster/calls.js'
import { Members } from '../../../../src/etcd/cluster/members.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'
import { Auth } from '../../../../src/etcd/wire/gen/auth_pb.js'
import { KV, type RangeResponse, RangeRequestSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { type Credentials, SignIn } from '../../../../src/etcd/cluster/sign-in.js'
import { Status } from '../../../../src/etcd/wire/transport.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { FakeCluster } from '../../../support/fake-cluster.js'

const { range } = KV.method
const reason = new Error('no longer interested')

class Setup {
  readonly clock = new TestClock()
  readonly cluster = new FakeCluster(this.clock)
  readonly calls: Calls

  constructor(urls = ['a:1', 'b:1', 'c:1'], credentials?: Credentials) {
    const random = (): number => 0
    const endpoints = urls.map((url) => parseEndpoint(url))
    this.calls = new Calls({
      members: new Members(endpoints, this.cluster.connect, this.clock, random),
      signIn: new SignIn(credentials),
      clock: this.clock,
      random,
      attemptTimeoutMs: 2_000,
      callTimeoutMs: 10_000,
    })
  }

  /** Makes a call. */
  ask(options?: CallOptions): Promise<RangeResponse> {
    return this.calls.unary(range, create(RangeRequestSchema, { limit: 7n }), options)
  }

  /** The members that were asked, in order. */
  get asked(): string[] {
    return this.cluster.calls(range).map(({ url }) => url)
  }

  /** Every request fails like this. */
  alwaysFails(code: number, message?: string): void {
    this.cluster.onCall = (call) => {
      call.fail(code, message)
    }
  }
}

/** For a promise that may reject before the test awaits it. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

describe('a call', () => {
  test('sends the request and returns the answer', async () => {
    const { cluster, calls } = new Setup()
    const answer = calls.unary(range, create(RangeRequestSchema, { limit: 7n }))
    expect(cluster.call(range).request.limit).toBe(7n)
    cluster.call(range).answer({ count: 3n })
    expect((await answer).count).toBe(3n)
  })

  test('has a member without a leader fail it at once', async () => {
    const setup = new Setup()
    void watched(setup.ask())
    await settled()
    expect(setup.cluster.call(range).options.metadata).toEqual({ hasleader: 'true' })
  })

  test('goes to the next member at once when one fails, and stays there', async () => {
    const setup = new Setup()
    const first = setup.ask()
    setup.cluster.call(range).fail(Status.unavailable)
    await settled()
    setup.cluster.call(range).answer({})
    await first
    expect(setup.asked).toEqual(['a:1', 'b:1'])
    void watched(setup.ask())
    await settled()
    expect(setup.asked).toEqual(['a:1', 'b:1', 'b:1'])
    expect(setup.clock.monotonicMs()).toBe(0)
  })

  test('goes to the next member when one is silent for a whole attempt', async () => {
    const setup = new Setup()
    const answer = setup.ask()
    await setup.clock.advance(1_999)
    expect(setup.asked).toEqual(['a:1'])
    await setup.clock.advance(1)
    expect(setup.asked).toEqual(['a:1', 'b:1'])
    setup.cluster.call(range).answer({ count: 3n })
    expect((await answer).count).toBe(3n)
  })

  test('asks every member once before it pauses', async () => {
    const setup = new Setup()
    setup.alwaysFails(Status.unavailable)
    void watched(setup.ask())
    await settled()
    expect(setup.asked).toEqual(['a:1', 'b:1', 'c:1'])
    await setup.clock.advance(24)
    expect(setup.asked).toHaveLength(3)
    await setup.clock.advance(1)
    expect(setup.asked).toEqual(['a:1', 'b:1', 'c:1', 'a:1', 'b:1', 'c:1'])
    await setup.clock.advance(49)
    expect(setup.asked).toHaveLength(6)
    await setup.clock.advance(1)
    expect(setup.asked).toHaveLength(9)
  })

  test('pauses, and asks no other member at once, when etcd as a whole is overloaded', async () => {
    const setup = new Setup()
    setup.alwaysFails(Status.resourceExhausted, 'etcdserver: too many requests')
    const answer = watched(setup.ask())
    await setup.clock.advance(24)
    expect(setup.asked).toEqual(['a:1'])
    await setup.clock.advance(10_000)
    expect(new Set(setup.asked)).toEqual(new Set(['a:1']))
    await expect(answer).rejects.toMatchObject({ code: 'ELECT_REFUSED', retryable: true })
  })

  test('ends with the last failure when its time is over', async () => {
    const setup = new Setup()
    setup.alwaysFails(Status.unavailable, 'connection refused')
    const answer = watched(setup.ask())
    let over = false
    answer.catch(() => (over = true))
    await setup.clock.advanceUntil(() => over, 10_000)
    const error: unknown = await answer.catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(UnavailableError)
    expect((error as Error).message).toMatch(/\(.:1: connection refused\)$/)
    expect((error as Error).cause).toMatchObject({ name: 'RpcError', code: Status.unavailable })
  })

  test('without an answer ends on time, and says that it is not known whether etcd acted', async () => {
    const setup = new Setup()
    const answer = watched(setup.ask({ timeoutMs: 3_000 }))
    await setup.clock.advance(2_999)
    expect(setup.asked).toEqual(['a:1', 'b:1'])
    let over = false
    answer.catch(() => (over = true))
    await setup.clock.advance(1)
    expect(over).toBe(true)
    await expect(answer).rejects.toBeInstanceOf(TimeoutError)
    await expect(answer).rejects.toThrow(/whether it acted is not known/)
  })

  test('gives an attempt no more time than is left for the call', async () => {
    const setup = new Setup()
    void watched(setup.ask({ timeoutMs: 2_500 }))
    await setup.clock.advance(2_000)
    expect(setup.cluster.calls(range).map(({ options }) => options.timeoutMs)).toEqual([2_000, 500])
  })

  test('is not repeated when another attempt would get the same answer', async () => {
    const setup = new Setup()
    const answer = watched(setup.ask())
    setup.cluster
      .call(range)
      .fail(Status.outOfRange, 'etcdserver: mvcc: required revision is a future revision')
    await expect(answer).rejects.toBeInstanceOf(RefusedError)
    await expect(answer).rejects.toMatchObject({ retryable: false })
    expect(setup.asked).toEqual(['a:1'])
  })

  test('passes on an error that is not an RpcError', async () => {
    const bug = new TypeError('a bug in a transport')
    const { clock } = new Setup()
    const calls = new Calls({
      members: new Members(
        [parseEndpoint('a:1')],
        () => ({
          unary: () => Promise.reject(bug),
          duplex: () => ({ send: () => undefined, cancel: () => undefined }),
          close: () => undefined,
        }),
        clock,
        () => 0,
      ),
      signIn: new SignIn(undefined),
      clock,
      random: () => 0,
      attemptTimeoutMs: 2_000,
      callTimeoutMs: 10_000,
    })
    await expect(calls.unary(range, create(RangeRequestSchema))).rejects.toBe(bug)
  })

  test('calls onSend right before every attempt', async () => {
    const setup = new Setup()
    const asked: number[] = []
    const answer = setup.ask({ onSend: () => asked.push(setup.asked.length) })
    setup.cluster.call(range).fail(Status.unavailable)
    await settled()
    setup.cluster.call(range).answer({})
    await answer
    expect(asked).toEqual([0, 1])
  })
})

describe('a certificate that is not accepted', () => {
  const message = 'No connection established. Last error: Error: self-signed certificate'

  test('is reported once every member said so, without waiting', async () => {
    const setup = new Setup()
    setup.alwaysFails(Status.unavailable, message)
    await expect(setup.ask()).rejects.toBeInstanceOf(AuthError)
    expect(setup.asked).toEqual(['a:1', 'b:1', 'c:1'])
    expect(setup.clock.monotonicMs()).toBe(0)
  })

  test('does not end a call while another member is only away', async () => {
    const setup = new Setup()
    setup.cluster.onCall = (call) => {
      if (call.url === 'b:1') call.fail(Status.unavailable, 'connection refused')
      else call.fail(Status.unavailable, message)
    }
    void watched(setup.ask())
    await setup.clock.advance(1_000)
    expect(setup.asked.length).toBeGreaterThan(6)
  })
})

describe('an aborted signal', () => {
  test('before the call: nothing is sent', async () => {
    const setup = new Setup()
    await expect(setup.ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(setup.asked).toEqual([])
  })

  test('ends the attempt that is under way, and no other member is asked', async () => {
    const setup = new Setup()
    const controller = new AbortController()
    const answer = watched(setup.ask({ signal: controller.signal }))
    await settled()
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    expect(setup.asked).toEqual(['a:1'])
  })

  test('ends a pause', async () => {
    const setup = new Setup(['a:1'])
    setup.alwaysFails(Status.unavailable)
    const controller = new AbortController()
    const answer = watched(setup.ask({ signal: controller.signal }))
    await settled()
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    await setup.clock.advance(10_000)
    expect(setup.asked).toEqual(['a:1'])
  })
})

describe('a closed client', () => {
  test('sends nothing', async () => {
    const setup = new Setup()
    setup.calls.close()
    await expect(setup.ask()).rejects.toBeInstanceOf(ClosedError)
    expect(setup.asked).toEqual([])
  })

  test.each([
    ['when an attempt fails', 0],
    ['after a pause', 25],
  ])('tries no more %s', async (_when, pauseMs) => {
    const setup = new Setup(['a:1'])
    const answer = watched(setup.ask())
    if (pauseMs === 0) setup.calls.close()
    setup.cluster.call(range).fail(Status.unavailable)
    await settled()
    setup.calls.close()
    await setup.clock.advance(pauseMs)
    await expect(answer).rejects.toBeInstanceOf(ClosedError)
    expect(setup.asked).toEqual(['a:1'])
  })
})

describe('many calls at once', () => {
  test('are sent up to a bound; the others wait, and none is lost', async () => {
    const setup = new Setup(['a:1'])
    const answers = Array.from({ length: 1_100 }, () => setup.ask())
    await settled()
    expect(setup.asked).toHaveLength(1_000)
    const [first, second] = setup.cluster.calls(range)
    first?.answer({})
    second?.fail(Status.outOfRange)
    await expect(answers[0]).resolves.toBeDefined()
    await expect(answers[1]).rejects.toThrow()
    expect(setup.asked).toHaveLength(1_002)
    setup.cluster.onCall = (call) => {
      call.answer({})
    }
    for (const call of setup.cluster.calls(range)) call.answer({})
    await Promise.all(answers.slice(2))
    expect(setup.asked).toHaveLength(1_100)
  })

  test('do not keep an urgent one waiting', async () => {
    const setup = new Setup(['a:1'])
    for (let count = 1; count <= 1_001; count++) void watched(setup.ask())
    await settled()
    void watched(setup.ask({ urgent: true }))
    expect(setup.asked).toHaveLength(1_001)
  })
})

describe('with a user', () => {
  const credentials = { user: 'web', password: 'pass' }
  const { authenticate } = Auth.method

  test('it signs in once, however many calls wait for it', async () => {
    const setup = new Setup(['a:1'], credentials)
    const answers = [setup.ask(), setup.ask(), setup.ask()]
    await settled()
    expect(setup.cluster.calls(authenticate)).toHaveLength(1)
    expect(setup.cluster.call(authenticate).request).toMatchObject({
      name: 'web',
      password: 'pass',
    })
    expect(setup.asked).toEqual([])
    setup.cluster.onCall = (call) => {
      call.answer({})
    }
    setup.cluster.call(authenticate).answer({ token: 'T1' })
    await Promise.all(answers)
    await setup.ask()
    expect(setup.cluster.calls(authenticate)).toHaveLength(1)
    for (const { options } of setup.cluster.calls(range)) {
      expect(options.metadata).toEqual({ hasleader: 'true', token: 'T1' })
    }
  })

  test('it signs in again when its token became void', async () => {
    const setup = new Setup(['a:1'], credentials)
    const answer = setup.ask()
    await settled()
    setup.cluster.call(authenticate).answer({ token: 'T1' })
    await settled()
    setup.cluster.call(range).fail(Status.unauthenticated, 'etcdserver: invalid auth token')
    await settled()
    setup.cluster.call(authenticate).answer({ token: 'T2' })
    await settled()
    expect(setup.cluster.call(range).options.metadata).toMatchObject({ token: 'T2' })
    setup.cluster.call(range).answer({ count: 3n })
    expect((await answer).count).toBe(3n)
    expect(setup.clock.monotonicMs()).toBe(0)
  })

  test('it signs in once for all calls whose token became void while they were under way', async () => {
    const setup = new Setup(['a:1'], credentials)
    const answers = [setup.ask(), setup.ask(), setup.ask()]
    await settled()
    setup.cluster.call(authenticate).answer({ token: 'T1' })
    await settled()
    const [first, ...late] = setup.cluster.calls(range)
    const isVoid = [Status.unauthenticated, 'etcdserver: invalid auth token'] as const
    first?.fail(...isVoid)
    await settled()
    setup.cluster.call(authenticate).answer({ token: 'T2' })
    await settled()
    for (const call of late) call.fail(...isVoid)
    await settled()
    expect(setup.cluster.calls(authenticate)).toHaveLength(2)
    const again = setup.cluster.calls(range).slice(3)
    expect(again.map(({ options }) => options.metadata['token'])).toEqual(['T2', 'T2', 'T2'])
    for (const call of again) call.answer({})
    await Promise.all(answers)
  })

  test('it gives up when fresh tokens are void too', async () => {
    const setup = new Setup(['a:1'], credentials)
    setup.cluster.onCall = (call) => {
      if (call.method.name === authenticate.name) call.answer({ token: 'T' })
      else call.fail(Status.unauthenticated, 'etcdserver: invalid auth token')
    }
    await expect(setup.ask()).rejects.toBeInstanceOf(AuthError)
    expect(setup.cluster.calls(authenticate)).toHaveLength(3)
  })

  test('it reports a wrong password at once', async () => {
    const setup = new Setup(['a:1', 'b:1'], credentials)
    const answer = watched(setup.ask())
    await settled()
    setup.cluster
      .call(authenticate)
      .fail(
        Status.invalidArgument,
        'etcdserver: authentication failed, invalid user ID or password',
      )
    await expect(answer).rejects.toBeInstanceOf(AuthError)
    await expect(answer).rejects.toThrow(/check 'user' and 'password'/)
    expect(setup.cluster.calls(authenticate)).toHaveLength(1)
  })

  test('it signs in with another member when one is down', async () => {
    const setup = new Setup(['a:1', 'b:1'], credentials)
    void watched(setup.ask())
    await settled()
    setup.cluster.call(authenticate).fail(Status.unavailable)
    await settled()
    expect(setup.cluster.calls(authenticate).map(({ url }) => url)).toEqual(['a:1', 'b:1'])
  })

  test('it goes on without a token when etcd has authentication switched off', async () => {
    const setup = new Setup(['a:1'], credentials)
    void watched(setup.ask())
    await settled()
    setup.cluster
      .call(authenticate)
      .fail(Status.failedPrecondition, 'etcdserver: authentication is not enabled')
    await settled()
    expect(setup.cluster.call(range).options.metadata).toEqual({ hasleader: 'true' })
  })

  test('it signs in once authentication is switched on while it runs', async () => {
    const setup = new Setup(['a:1'], credentials)
    const answer = watched(setup.ask())
    await settled()
    setup.cluster
      .call(authenticate)
      .fail(Status.failedPrecondition, 'etcdserver: authentication is not enabled')
    await settled()
    setup.cluster.call(range).fail(Status.invalidArgument, 'etcdserver: user name is empty')
    await settled()
    setup.cluster.call(authenticate).answer({ token: 'T1' })
    await settled()
    setup.cluster.call(range).answer({})
    await expect(answer).resolves.toBeDefined()
  })

  test('a caller that gives up waiting for the token does not disturb the others', async () => {
    const setup = new Setup(['a:1'], credentials)
    const controller = new AbortController()
    const impatient = watched(setup.ask({ signal: controller.signal }))
    const patient = setup.ask()
    await settled()
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    setup.cluster.call(authenticate).answer({ token: 'T1' })
    await settled()
    setup.cluster.call(range).answer({})
    await expect(patient).resolves.toBeDefined()
  })

  test('without one, a token error is final', async () => {
    const setup = new Setup(['a:1'])
    const answer = watched(setup.ask())
    setup.cluster.call(range).fail(Status.invalidArgument, 'etcdserver: user name is empty')
    await expect(answer).rejects.toBeInstanceOf(AuthError)
  })
})
