import { describe, expect, onTestFinished, test } from 'vitest'
import { RefusedError, SessionLostError, TimeoutError } from '../../../../src/base/errors.js'
import type { EtcdApi, JointOptions } from '../../../../src/etcd/api.js'
import type { JointTxn, Operation } from '../../../../src/etcd/txn/batch.js'
import { Etcd } from '../../../../src/etcd/client.js'
import { KV, type TxnRequest } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import type { EtcdOptions } from '../../../../src/etcd/options.js'
import { Status } from '../../../../src/etcd/wire/transport.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { type FakeCall, FakeCluster } from '../../../support/fake-cluster.js'

const { txn } = KV.method
type TxnCall = FakeCall<typeof txn.input, typeof txn.output>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function put(key: string): Operation {
  return { request: { case: 'requestPut', value: { key: encoder.encode(key) } } }
}

function joint(scope: string, group = 'lease'): JointTxn {
  return {
    compare: [],
    success: [put(scope)],
    scope,
    group,
    rights: { write: put(scope), read: put(scope) },
  }
}

/** The keys that a request puts, in order. */
function keysIn({ success }: TxnRequest): string[] {
  return success.flatMap(({ request }) => {
    if (request.case === 'requestTxn') return keysIn(request.value)
    return request.case === 'requestPut' ? [decoder.decode(request.value.key)] : []
  })
}

const isTogether = ({ request }: TxnCall): boolean =>
  request.success[0]?.request.case === 'requestTxn'

/** Answers like an etcd that does what it is asked. */
function answer(call: TxnCall): void {
  const header = { revision: 7n, raftTerm: 3n }
  const responses = isTogether(call)
    ? call.request.success.map(() => ({
        response: { case: 'responseTxn' as const, value: { succeeded: true } },
      }))
    : []
  call.answer({ header, succeeded: true, responses })
}

interface Setup {
  readonly api: EtcdApi
  readonly clock: TestClock
  readonly calls: () => TxnCall[]
  readonly ask: (scope: string, options?: JointOptions, group?: string) => Promise<string>
  readonly askMany: (count: number, prefix?: string) => Promise<string>[]
  readonly onCall: (handle: (call: TxnCall) => void) => void
}

function setup(options: Partial<EtcdOptions> = {}): Setup {
  const clock = new TestClock()
  const cluster = new FakeCluster(clock)
  const etcd = new Etcd({ endpoints: 'a:1', transport: cluster.connect, clock, ...options })
  onTestFinished(() => etcd.close())
  const ask: Setup['ask'] = async (scope, of = {}, group) => {
    try {
      const { header } = await etcd.api.jointTxn(joint(scope, group), of)
      return `revision ${String(header?.revision)}`
    } catch (error) {
      return (error as Error).constructor.name
    }
  }
  return {
    api: etcd.api,
    clock,
    calls: () => cluster.calls(txn),
    ask,
    askMany: (count, prefix = 'e') =>
      Array.from({ length: count }, (_, index) => ask(`${prefix}${String(index)}`)),
    onCall: (handle) => {
      cluster.onCall = (call) => {
        handle(call as unknown as TxnCall)
      }
    },
  }
}

describe('transactions of one turn', () => {
  test('travel together, in the order of the calls, and each gets its own answer', async () => {
    const { askMany, calls } = setup()
    const asked = askMany(3)
    await settled()
    const [call, ...others] = calls()
    expect(others).toEqual([])
    expect(call && keysIn(call.request)).toEqual(['e0', 'e1', 'e2'])
    if (call) answer(call)
    expect(await Promise.all(asked)).toEqual(['revision 7', 'revision 7', 'revision 7'])
  })

  test('travel together also when some are made a few promises later', async () => {
    const { ask, calls } = setup()
    void ask('a')
    void Promise.resolve()
      .then(() => undefined)
      .then(() => ask('b'))
    await settled()
    expect(calls().map(({ request }) => keysIn(request))).toEqual([['a', 'b']])
  })

  test('are sent before any I/O, and a lone one as it is', async () => {
    const { ask, calls } = setup()
    void ask('a')
    let sentByThen = -1
    setImmediate(() => (sentByThen = calls().length))
    await settled()
    expect(sentByThen).toBe(1)
    expect(calls().map(isTogether)).toEqual([false])
    void ask('b')
    await settled()
    expect(calls()).toHaveLength(2)
  })

  test('do not travel with those of another group, nor with another of the same scope', async () => {
    const { ask, calls } = setup()
    for (const [scope, group] of [
      ['a', 'lease'],
      ['b', 'lease'],
      ['c', 'leaving'],
      ['a', 'lease'],
      ['d', 'leaving'],
      ['b/c', 'lease'],
    ] as const) {
      void ask(scope, {}, group)
    }
    await settled()
    const sent = calls().map(({ request }) => keysIn(request).join(' '))
    expect(sent.toSorted()).toEqual(['a b', 'a b/c', 'c d'])
  })

  test('make at most 16 requests at once; those that wait meanwhile share as few as they can', async () => {
    const { askMany, ask, calls } = setup()
    const first = askMany(16 * 127, 'first')
    await settled()
    expect(calls()).toHaveLength(16)
    const later = [ask('later1'), ask('later2')]
    await settled()
    const third = ask('later3')
    await settled()
    expect(calls()).toHaveLength(16)
    for (const call of calls()) answer(call)
    await Promise.all(first)
    await settled()
    expect(calls()).toHaveLength(17)
    const last = calls().at(-1)
    expect(last && keysIn(last.request)).toEqual(['later1', 'later2', 'later3'])
    if (last) answer(last)
    expect(new Set(await Promise.all([...later, third]))).toEqual(new Set(['revision 7']))
  })
})

describe('a refusal', () => {
  /** An etcd that refuses every request that puts one of these keys. */
  function refuses(keys: readonly string[], code: number, message: string) {
    return (call: TxnCall): void => {
      if (keysIn(call.request).some((key) => keys.includes(key))) call.fail(code, message)
      else answer(call)
    }
  }

  test.each([
    ['missing rights', Status.permissionDenied, 'etcdserver: permission denied', 'AuthError'],
    ['its size', Status.invalidArgument, 'etcdserver: request is too large', 'RefusedError'],
    ['its form', Status.invalidArgument, 'etcdserver: duplicate key given in txn', 'RefusedError'],
  ])(
    'for %s concerns one transaction, and not its neighbours',
    async (_what, code, message, name) => {
      const { askMany, calls, onCall } = setup()
      onCall(refuses(['e50', 'e77'], code, message))
      const answers = await Promise.all(askMany(100))
      expect(answers.filter((each) => each === 'revision 7')).toHaveLength(98)
      expect([answers[50], answers[77]]).toEqual([name, name])
      // Two requests on each of 8 levels of halving, for each of the two that are refused.
      expect(calls().length).toBeLessThan(2 * 2 * 8)
    },
  )

  test('that concerns all of them is given to all at once', async () => {
    const { askMany, calls, onCall } = setup()
    onCall((call) => {
      call.fail(Status.notFound, 'etcdserver: requested lease not found')
    })
    expect(new Set(await Promise.all(askMany(100)))).toEqual(new Set([SessionLostError.name]))
    expect(calls()).toHaveLength(1)
  })

  test('for want of space is not followed by another request', async () => {
    const { askMany, calls, onCall } = setup()
    onCall((call) => {
      call.fail(Status.resourceExhausted, 'etcdserver: mvcc: database space exceeded')
    })
    expect(new Set(await Promise.all(askMany(100)))).toEqual(new Set([RefusedError.name]))
    expect(calls()).toHaveLength(1)
  })

  test('for too many operations makes later requests smaller', async () => {
    const { askMany, calls, onCall } = setup()
    const maxOperations = 20
    onCall((call) => {
      if (call.request.success.length + 1 <= maxOperations) answer(call)
      else call.fail(Status.invalidArgument, 'etcdserver: too many operations in txn request')
    })
    expect(new Set(await Promise.all(askMany(120)))).toEqual(new Set(['revision 7']))
    const before = calls().length
    await Promise.all(askMany(120, 'later'))
    const later = calls().slice(before)
    expect(later.every(({ request }) => request.success.length + 1 <= maxOperations)).toBe(true)
    expect(later.length).toBeLessThan(16)
  })

  test('is reported with onRefused: the attempt changed nothing', async () => {
    const { ask, onCall } = setup()
    onCall(refuses(['b'], Status.permissionDenied, 'etcdserver: permission denied'))
    const mayHaveHappened = { a: 0, b: 0 }
    const counted = (key: 'a' | 'b'): JointOptions => ({
      onSend: () => (mayHaveHappened[key] += 1),
      onRefused: () => (mayHaveHappened[key] -= 1),
    })
    await Promise.all([ask('a', counted('a')), ask('b', counted('b'))])
    expect(mayHaveHappened).toEqual({ a: 1, b: 1 })
  })
})

describe('giving a transaction up', () => {
  const givenUp = new Error('given up')

  test('before it is sent leaves it out, and sends its neighbours', async () => {
    const { ask, calls } = setup()
    const controller = new AbortController()
    const a = ask('a', { signal: controller.signal })
    void ask('b')
    void ask('c')
    controller.abort(givenUp)
    await settled()
    expect(await a).toBe('Error')
    expect(calls().map(({ request }) => keysIn(request))).toEqual([['b', 'c']])
  })

  test('while it waits for its turn does the same', async () => {
    const { ask, askMany, calls } = setup()
    const first = askMany(16 * 127, 'first')
    await settled()
    const controller = new AbortController()
    const sent: string[] = []
    const options = { signal: controller.signal, onSend: () => sent.push('a') }
    const a = ask('a', options)
    const b = ask('b')
    await settled()
    controller.abort(givenUp)
    expect(await a).toBe('Error')
    for (const call of calls()) answer(call)
    await Promise.all(first)
    await settled()
    const last = calls().at(-1)
    expect(last && keysIn(last.request)).toEqual(['b'])
    if (last) answer(last)
    expect(await b).toBe('revision 7')
    expect(sent).toEqual([])
  })

  test('while it is under way leaves its neighbours alone, and does not send it again', async () => {
    const { ask, calls, clock } = setup()
    const controller = new AbortController()
    const sent: string[] = []
    const a = ask('a', { signal: controller.signal, onSend: () => sent.push('a') })
    const others = ['b', 'c'].map((key) => ask(key, { onSend: () => sent.push(key) }))
    await settled()
    controller.abort(givenUp)
    expect(await a).toBe('Error')
    expect(calls()[0]?.options.signal?.aborted).toBe(false)
    calls()[0]?.fail(Status.unavailable)
    await clock.advance(1_000)
    expect(calls().map(({ request }) => keysIn(request))).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
    expect(sent).toEqual(['a', 'b', 'c', 'b', 'c'])
    for (const call of calls()) answer(call)
    expect(await Promise.all(others)).toEqual(['revision 7', 'revision 7'])
  })

  test('gives the request up once all of its transactions are given up', async () => {
    const { ask, calls } = setup()
    const controllers = [new AbortController(), new AbortController()]
    const asked = controllers.map(({ signal }, index) => ask(`e${String(index)}`, { signal }))
    await settled()
    controllers[0]?.abort(givenUp)
    expect(calls()[0]?.options.signal?.aborted).toBe(false)
    controllers[1]?.abort(givenUp)
    expect(calls()[0]?.options.signal?.aborted).toBe(true)
    expect(await Promise.all(asked)).toEqual(['Error', 'Error'])
  })
})

test('waiting for a turn does not count as long as others are answered', async () => {
  const { askMany, clock, calls } = setup({ callTimeoutMs: 3_000, attemptTimeoutMs: 3_000 })
  const first = askMany(16 * 127, 'first')
  const later = askMany(3, 'later')
  await settled()
  await clock.advance(2_900)
  for (const call of calls()) answer(call)
  await Promise.all(first)
  await clock.advance(2_000)
  for (const call of calls().slice(16)) answer(call)
  expect(new Set(await Promise.all(later))).toEqual(new Set(['revision 7']))
})

test('when etcd answers nothing, no call lasts much longer than its timeout, however many wait', async () => {
  const { askMany, clock, calls } = setup({ callTimeoutMs: 3_000, attemptTimeoutMs: 1_000 })
  const first = askMany(16 * 127, 'first')
  await settled()
  await clock.advance(2_500)
  const later = askMany(3, 'later')
  const outcomes = Promise.all([...first, ...later])
  await clock.advance(3_500)
  expect(new Set(await outcomes)).toEqual(new Set([TimeoutError.name]))
  expect(calls().length).toBeLessThan(16 * 4)
})
