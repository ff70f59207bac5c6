// The compares of transactions.

import { expect, test } from 'vitest'
import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { keyspace, leaseId, prefixEnd, type Subject } from '../subject.js'

const operators = {
  '=': Result.EQUAL,
  '>': Result.GREATER,
  '<': Result.LESS,
  '!=': Result.NOT_EQUAL,
}

export function compareCases(subject: () => Subject): void {
  /** The operators that hold between the stored and the given operand. */
  async function satisfiedOperators(compare: object): Promise<string> {
    const satisfied: string[] = []
    for (const [name, result] of Object.entries(operators)) {
      const { succeeded } = await subject().etcd.txn({ compare: [{ ...compare, result }] })
      if (succeeded === true) satisfied.push(name)
    }
    return satisfied.join(' ')
  }

  test('version, create revision and mod revision compare as numbers', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    const key = k('a')
    for (let i = 0; i < 3; i++) await etcd.put({ key })
    const of = (target: Target, field: string, stored: bigint) =>
      Promise.all(
        [stored - 1n, stored, stored + 1n].map((given) =>
          satisfiedOperators({ key, target, [field]: given }),
        ),
      )
    const expected = ['> !=', '=', '< !=']
    expect(await of(Target.VERSION, 'version', 3n)).toEqual(expected)
    expect(await of(Target.CREATE, 'createRevision', before + 1n)).toEqual(expected)
    expect(await of(Target.MOD, 'modRevision', before + 3n)).toEqual(expected)
  })

  test('values compare by their bytes', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    await etcd.put({ key, value: 'm' })
    const of = (value: string) => satisfiedOperators({ key, target: Target.VALUE, value })
    expect(await of('m')).toBe('=')
    expect(await of('l')).toBe('> !=')
    expect(await of('n')).toBe('< !=')
    expect(await of('ma')).toBe('< !=')
    expect(await of('')).toBe('> !=')
    expect(await of('\xff')).toBe('< !=')
  })

  test('leases compare as numbers', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const lease = leaseId()
    await etcd.grant(600n, lease)
    await etcd.put({ key, lease })
    const of = (given: bigint) => satisfiedOperators({ key, target: Target.LEASE, lease: given })
    expect(await of(lease)).toBe('=')
    expect(await of(0n)).toBe('> !=')
    expect(await of(lease + 1n)).toBe('< !=')
    await etcd.revoke(lease)
  })

  test('a missing key has version, revisions and lease 0, and no value', async () => {
    const key = keyspace()('a')
    expect(await satisfiedOperators({ key, target: Target.VERSION, version: 0n })).toBe('=')
    expect(await satisfiedOperators({ key, target: Target.CREATE, createRevision: 1n })).toBe(
      '< !=',
    )
    expect(await satisfiedOperators({ key, target: Target.MOD, modRevision: -1n })).toBe('> !=')
    expect(await satisfiedOperators({ key, target: Target.LEASE, lease: 0n })).toBe('=')
    expect(await satisfiedOperators({ key, target: Target.VALUE, value: '' })).toBe('')
    expect(await satisfiedOperators({ key, target: Target.VALUE, value: 'x' })).toBe('')
  })

  test('an operand for another target, or a missing one, counts as 0 or empty', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    await etcd.put({ key })
    expect(await satisfiedOperators({ key, target: Target.VERSION })).toBe('> !=')
    expect(await satisfiedOperators({ key, target: Target.VERSION, modRevision: 1n })).toBe('> !=')
    expect(await satisfiedOperators({ key, target: Target.VALUE, version: 1n })).toBe('=')
    expect(await satisfiedOperators({ key, target: Target.LEASE })).toBe('=')
  })

  test('a compare over an interval holds when it holds for every key in it', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('a'), value: '1' })
    await etcd.put({ key: k('b'), value: '1' })
    await etcd.put({ key: k('b'), value: '1' })
    const all = { key: k(), rangeEnd: prefixEnd(k()) }
    expect(await satisfiedOperators({ ...all, target: Target.VALUE, value: '1' })).toBe('=')
    expect(await satisfiedOperators({ ...all, target: Target.VERSION, version: 0n })).toBe('> !=')
    expect(await satisfiedOperators({ ...all, target: Target.VERSION, version: 1n })).toBe('')
    expect(await satisfiedOperators({ ...all, target: Target.VERSION, version: 2n })).toBe('')
    expect(await satisfiedOperators({ ...all, target: Target.VERSION, version: 3n })).toBe('< !=')
  })

  test('a compare over an interval without keys treats it as one missing key', async () => {
    const k = keyspace()
    const none = { key: k(), rangeEnd: prefixEnd(k()) }
    expect(await satisfiedOperators({ ...none, target: Target.CREATE, createRevision: 0n })).toBe(
      '=',
    )
    expect(await satisfiedOperators({ ...none, target: Target.CREATE, createRevision: 7n })).toBe(
      '< !=',
    )
    expect(await satisfiedOperators({ ...none, target: Target.VALUE, value: '' })).toBe('')
  })

  test('"no key is older than mine" is one compare over the prefix', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const isOldest = async (revision: bigint) => {
      const answer = await etcd.txn({
        compare: [
          {
            key: k(),
            rangeEnd: prefixEnd(k()),
            target: Target.CREATE,
            result: Result.GREATER,
            createRevision: revision - 1n,
          },
        ],
      })
      return answer.succeeded === true
    }
    const before = await etcd.revision()
    await etcd.put({ key: k('first') })
    await etcd.put({ key: k('second') })
    expect(await isOldest(before + 1n)).toBe(true)
    expect(await isOldest(before + 2n)).toBe(false)
    await etcd.deleteRange({ key: k('first') })
    expect(await isOldest(before + 2n)).toBe(true)
  })

  test('all compares must hold', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('a') })
    const present = { key: k('a'), target: Target.VERSION, version: 1n }
    const missing = { key: k('b'), target: Target.VERSION, version: 0n }
    expect((await etcd.txn({ compare: [present, missing] })).succeeded).toBe(true)
    expect((await etcd.txn({ compare: [present, { ...missing, version: 1n }] })).succeeded).toBe(
      undefined,
    )
  })
}
