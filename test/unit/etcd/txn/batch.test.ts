import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Batch,
  wireBytes,
  combine,
  type JointTxn,
  learnLimits,
  type Limits,
  type Operation,
  separate,
  defaultLimits,
} from '../../../../src/etcd/txn/batch.js'
import { create, toBinary } from '@bufbuild/protobuf'
import { TxnRequestSchema, TxnResponseSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const put = (key: string, value = ''): Operation => ({
  request: { case: 'requestPut', value: { key: bytes(key), value: bytes(value) } },
})
const read = (key: string): Operation => ({
  request: { case: 'requestRange', value: { key: bytes(key) } },
})

/** A transaction that puts a key of its scope and reads it: two operations, like a join. */
function txn(scope: string, value = 'v', success = [put(`${scope}/1`, value), read(scope)]) {
  return {
    compare: [],
    success,
    scope,
    group: 'f',
    rights: { write: put(`${scope}/1`), read: read(scope) },
  } satisfies JointTxn
}

const entryOf = (each: JointTxn) => ({ txn: each, bytes: wireBytes(each) })

/** Fills a batch; `left` holds the scopes that did not fit. */
function fill(
  txns: readonly JointTxn[],
  limits: Limits = defaultLimits,
  withReads = false,
): { batch: Batch<ReturnType<typeof entryOf>>; left: string[] } {
  const batch = new Batch<ReturnType<typeof entryOf>>(limits, withReads)
  const left = txns.filter((each) => !batch.add(entryOf(each)))
  return { batch, left: left.map(({ scope }) => scope) }
}

const many = (count: number, make = (index: number) => txn(`e${String(index)}`)): JointTxn[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('what fits into one request', () => {
  test.each([
    ['126 joins, each of which has two operations', 126, false],
    ['half as many when etcd also checks the right to read', 63, true],
  ])('%s', (_what, max, withReads) => {
    const { batch, left } = fill(many(200), defaultLimits, withReads)
    expect(batch.entries).toHaveLength(max)
    expect(batch.isFull).toBe(true)
    expect(left).toHaveLength(200 - max)
  })

  test('fewer when one of them has more operations inside', () => {
    const deep = txn('deep', '', [put('deep/1'), put('deep/2'), put('deep/3'), put('deep/4')])
    const { batch } = fill([deep, ...many(200)])
    expect(batch.entries).toHaveLength(124)
  })

  test('as many bytes as are allowed; a transaction with more travels alone', () => {
    const limits = { operations: 128, bytes: 10_000 }
    const large = many(3, (index) => txn(`e${String(index)}`, 'x'.repeat(4_000)))
    expect(fill(large, limits).batch.entries).toHaveLength(2)
    const huge = txn('huge', 'x'.repeat(20_000))
    expect(fill([huge, ...large], limits)).toMatchObject({ left: ['e0', 'e1', 'e2'] })
    expect(fill([...large.slice(0, 1), huge], limits)).toMatchObject({ left: ['huge'] })
  })

  test.each([
    ['a scope twice', ['a', 'b', 'a'], ['a']],
    ['a scope and one that it contains', ['a', 'a/b', 'c'], ['a/b']],
    ['a scope and one that contains it, at any depth', ['a/b/c', 'a', 'a/b', 'ab'], ['a', 'a/b']],
  ])('never %s', (_what, scope, left) => {
    expect(fill(scope.map((scope) => txn(scope))).left).toEqual(left)
  })

  test('scopes with a common parent, and scopes of which one only begins like the other', () => {
    expect(fill(['a/b', 'a/c', 'a/bc', 'ab'].map((scope) => txn(scope))).left).toEqual([])
  })

  test('never more than etcd takes, and never two scopes of which one contains the other', () => {
    const scope = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'))
    const one = fc.record({ scope, value: fc.string({ maxLength: 300 }) })
    const limits = fc.record({
      operations: fc.integer({ min: 4, max: 20 }),
      bytes: fc.integer({ min: 100, max: 2_000 }),
    })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1 }), limits, fc.boolean(), (ones, max, reads) => {
        const { batch, left } = fill(
          ones.map((each) => txn(each.scope, each.value)),
          max,
          reads,
        )
        const { entries } = batch
        expect(entries.length + left.length).toBe(ones.length)
        if (entries.length === 1) return
        const request = combine(
          entries.map((each) => each.txn),
          reads,
        )
        const width = Math.max(request.success.length, request.failure.length)
        expect(width + 2).toBeLessThanOrEqual(max.operations)
        expect(toBinary(TxnRequestSchema, request).length).toBeLessThanOrEqual(max.bytes)
        const scopes = entries.map((each) => `${each.txn.scope}/`)
        for (const [index, a] of scopes.entries()) {
          for (const b of scopes.slice(index + 1)) {
            expect(a.startsWith(b) || b.startsWith(a)).toBe(false)
          }
        }
      }),
    )
  })
})

describe('the combined transaction', () => {
  const two = [txn('a'), { ...txn('b'), failure: [read('b')] }]

  test('carries out each of them, and repeats what they write in the branch that is never taken', () => {
    const request = combine(two, false)
    expect(request.compare).toEqual([])
    expect(request.success).toMatchObject([
      { request: { case: 'requestTxn', value: { success: two[0]?.success, failure: [] } } },
      {
        request: { case: 'requestTxn', value: { success: two[1]?.success, failure: [read('b')] } },
      },
    ])
    expect(request.failure).toMatchObject([put('a/1'), put('b/1')])
  })

  test('repeats what they read as well, for an etcd that may know the user', () => {
    expect(combine(two, true).failure).toMatchObject([
      ...[put('a/1'), read('a')],
      ...[put('b/1'), read('b')],
    ])
  })

  test('gives each its own answer, with the revision and the raft term that all of them got', () => {
    const answer = (succeeded: boolean) => ({
      response: { case: 'responseTxn' as const, value: { succeeded } },
    })
    const response = create(TxnResponseSchema, {
      header: { revision: 7n, raftTerm: 3n },
      succeeded: true,
      responses: [answer(true), answer(false)],
    })
    expect(separate(response, 2)).toMatchObject([
      { succeeded: true, header: { revision: 7n, raftTerm: 3n } },
      { succeeded: false, header: { revision: 7n, raftTerm: 3n } },
    ])
    expect(() => separate(response, 3)).toThrow('expected 3 answers')
  })
})

describe('a refusal', () => {
  const refused = many(100).map((each) => entryOf(each))

  test('for too many operations halves the size of later requests', () => {
    const why = 'etcdserver: too many operations in txn request'
    const learnt = learnLimits(defaultLimits, refused, false, why)
    expect(learnt).toEqual({ ...defaultLimits, operations: 52 })
    expect(fill(many(200), learnt).batch.entries).toHaveLength(50)
    // A later refusal of a request that was under way already changes nothing.
    expect(learnLimits(learnt, refused, false, why)).toEqual(learnt)
    expect(learnLimits(defaultLimits, refused.slice(0, 40), true, why).operations).toBe(42)
  })

  test.each(['etcdserver: request is too large', 'grpc: received message larger than max'])(
    'for size does the same: %s',
    (why) => {
      const learnt = learnLimits(defaultLimits, refused, false, why)
      expect(learnt.operations).toBe(defaultLimits.operations)
      expect(fill(many(200), learnt).batch.entries).toHaveLength(50)
    },
  )

  test('for another reason changes no limit, and no limit falls below what one join needs', () => {
    expect(learnLimits(defaultLimits, refused, false, 'permission denied')).toEqual(defaultLimits)
    let limits = defaultLimits
    for (let time = 0; time < 20; time++) {
      limits = learnLimits(limits, refused.slice(0, 2), true, 'too many operations')
      limits = learnLimits(limits, refused.slice(0, 2), true, 'request is too large')
    }
    expect(limits).toEqual({ operations: 4, bytes: 4_096 })
  })
})
