// Transactions: what they do, and in which order. See also compare.ts and refused.ts.

import { expect, test } from 'vitest'
import { Compare_CompareTarget as Target } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, prefixEnd, since, type Subject } from '../subject.js'

export function txnCases(subject: () => Subject): void {
  test('an empty transaction succeeds and creates no revision', async () => {
    const { etcd } = subject()
    const revision = await etcd.revision()
    expect(await etcd.txn({})).toEqual({ header: header(revision), succeeded: true })
  })

  test('the compares choose between two lists of operations', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    const request = {
      compare: [{ key: k('a'), target: Target.CREATE, createRevision: 0n }],
      success: [{ requestPut: { key: k('a'), value: 'first' } }],
      failure: [{ requestRange: { key: k('a') } }],
    }
    expect(await etcd.txn(request)).toEqual({
      header: header(before + 1n),
      succeeded: true,
      responses: [{ responsePut: { header: { revision: before + 1n } } }],
    })
    const kv = {
      key: k('a'),
      value: 'first',
      createRevision: before + 1n,
      modRevision: before + 1n,
      version: 1n,
    }
    expect(await etcd.txn(request)).toEqual({
      header: header(before + 1n),
      responses: [{ responseRange: { header: { revision: before + 1n }, kvs: [kv], count: 1n } }],
    })
  })

  test('everything that a transaction writes is one revision', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('old') })
    const before = await etcd.revision()
    const answer = await etcd.txn({
      success: [
        { requestPut: { key: k('a'), value: '1' } },
        { requestPut: { key: k('b'), value: '2' } },
        { requestDeleteRange: { key: k('old'), prevKv: true } },
      ],
    })
    expect(answer).toEqual({
      header: header(before + 1n),
      succeeded: true,
      responses: [
        { responsePut: { header: { revision: before + 1n } } },
        { responsePut: { header: { revision: before + 1n } } },
        {
          responseDeleteRange: {
            header: { revision: before + 1n },
            deleted: 1n,
            prevKvs: [{ key: k('old'), createRevision: before, modRevision: before, version: 1n }],
          },
        },
      ],
    })
    const { kvs } = await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })
    expect(kvs?.map(({ modRevision }) => modRevision)).toEqual([before + 1n, before + 1n])
  })

  test('a range sees what the transaction wrote before it, and only that', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    const all = { requestRange: { key: k(), rangeEnd: prefixEnd(k()), keysOnly: true } }
    const { responses } = await etcd.txn({
      success: [all, { requestPut: { key: k('a'), value: '1' } }, all],
    })
    const life = { createRevision: before + 1n, modRevision: before + 1n, version: 1n }
    expect(responses).toEqual([
      { responseRange: { header: { revision: before } } },
      { responsePut: { header: { revision: before + 1n } } },
      {
        responseRange: {
          header: { revision: before + 1n },
          kvs: [{ key: k('a'), ...life }],
          count: 1n,
        },
      },
    ])
  })

  test('a range of an older revision does not see what the transaction writes', async () => {
    const { etcd } = subject()
    const k = keyspace()
    await etcd.put({ key: k('a'), value: '1' })
    const before = await etcd.revision()
    const { responses } = await etcd.txn({
      success: [
        { requestPut: { key: k('a'), value: '2' } },
        { requestRange: { key: k('a'), revision: before } },
      ],
    })
    expect(responses?.[1]?.responseRange?.kvs).toEqual([expect.objectContaining({ value: '1' })])
  })

  test('a transaction that writes nothing creates no revision', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const revision = await etcd.revision()
    const answer = await etcd.txn({
      success: [{ requestDeleteRange: { key: k('a') } }, { requestRange: { key: k('a') } }],
    })
    expect(answer).toEqual({
      header: header(revision),
      succeeded: true,
      responses: [
        { responseDeleteRange: { header: { revision } } },
        { responseRange: { header: { revision } } },
      ],
    })
  })

  test('a put in a transaction can return the previous key-value, keep the value, and attach a lease', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    await etcd.put({ key: k('a'), value: '1' })
    const before = await etcd.revision()
    const { responses } = await etcd.txn({
      success: [{ requestPut: { key: k('a'), ignoreValue: true, lease, prevKv: true } }],
    })
    expect(responses).toEqual([
      {
        responsePut: {
          header: { revision: before + 1n },
          prevKv: {
            key: k('a'),
            value: '1',
            createRevision: before,
            modRevision: before,
            version: 1n,
          },
        },
      },
    ])
    expect((await etcd.range({ key: k('a') })).kvs).toEqual([
      expect.objectContaining({ value: '1', lease }),
    ])
    await etcd.revoke(lease)
  })

  test('a nested transaction compares after the outer ones compare, but before they write', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    const missing = (name: string) => ({ key: k(name), target: Target.VERSION, version: 0n })
    const answer = await etcd.txn({
      success: [
        { requestPut: { key: k('a') } },
        {
          requestTxn: {
            compare: [missing('a')],
            success: [{ requestPut: { key: k('seen as missing') } }],
            failure: [{ requestPut: { key: k('seen as there') } }],
          },
        },
        { requestTxn: { compare: [missing('b')], failure: [{ requestRange: { key: k('a') } }] } },
      ],
    })
    expect(answer).toEqual({
      header: header(before + 1n),
      succeeded: true,
      responses: [
        { responsePut: { header: { revision: before + 1n } } },
        {
          responseTxn: {
            header: {},
            succeeded: true,
            responses: [{ responsePut: { header: { revision: before + 1n } } }],
          },
        },
        { responseTxn: { header: {}, succeeded: true } },
      ],
    })
    expect((await etcd.range({ key: k('seen as missing') })).count).toBe(1n)
  })

  test('126 candidates join 126 elections in one transaction', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const lease = leaseId()
    await etcd.grant(600n, lease)
    const before = await etcd.revision()
    const join = (election: string) => {
      const range = { requestRange: { key: election, rangeEnd: prefixEnd(election) } }
      const key = `${election}${lease.toString(16)}`
      return {
        requestTxn: {
          compare: [{ key, target: Target.CREATE, createRevision: 0n }],
          success: [{ requestPut: { key, value: 'web-1', lease } }, range],
          failure: [range],
        },
      }
    }
    const elections = Array.from({ length: 126 }, (_, i) => k(`${i}/`))
    const { responses } = await etcd.txn({ success: elections.map(join) })
    const creates = responses?.map(
      ({ responseTxn }) => responseTxn?.responses?.[1]?.responseRange?.kvs?.[0]?.createRevision,
    )
    expect(creates).toEqual(elections.map(() => before + 1n))
    expect(await failure(etcd.txn({ success: [...elections, k('x/')].map(join) }))).toBe(
      'INVALID_ARGUMENT etcdserver: too many operations in txn request',
    )
    await etcd.revoke(lease)
  })

  test('an operation that cannot be executed makes etcd refuse the whole transaction', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const before = await etcd.revision()
    const refusal = (op: object) =>
      failure(etcd.txn({ success: [{ requestPut: { key: k('a') } }, op] }))
    expect(await refusal({ requestPut: { key: k('b'), lease: leaseId() } })).toBe(
      'NOT_FOUND etcdserver: requested lease not found',
    )
    expect(await refusal({ requestPut: { key: k('b'), ignoreValue: true } })).toBe(
      'INVALID_ARGUMENT etcdserver: key not found',
    )
    expect(await refusal({ requestPut: { key: k('b'), ignoreLease: true } })).toBe(
      'INVALID_ARGUMENT etcdserver: key not found',
    )
    expect(await refusal({ requestRange: { key: k('b'), revision: before + 9n } })).toBe(
      'OUT_OF_RANGE etcdserver: mvcc: required revision is a future revision',
    )
    const nested = { success: [{ requestPut: { key: k('b'), lease: leaseId() } }] }
    expect(await refusal({ requestTxn: nested })).toBe(
      'NOT_FOUND etcdserver: requested lease not found',
    )
    expect(await etcd.range({ key: k(), rangeEnd: prefixEnd(k()) })).toEqual({
      header: header(before),
    })
  })

  test('of several operations that cannot be executed, the error names the first; before 3.6 the first put', async () => {
    const { etcd, series } = subject()
    const k = keyspace()
    const future = { requestRange: { key: k('a'), revision: (await etcd.revision()) + 9n } }
    const missing = { requestPut: { key: k('b'), ignoreValue: true } }
    const futureRevision = 'OUT_OF_RANGE etcdserver: mvcc: required revision is a future revision'
    const keyNotFound = 'INVALID_ARGUMENT etcdserver: key not found'
    expect(await failure(etcd.txn({ success: [missing, future] }))).toBe(keyNotFound)
    expect(await failure(etcd.txn({ success: [future, missing] }))).toBe(
      since(series, '3.6', futureRevision, keyNotFound),
    )
  })

  test('an operation that cannot be executed does not matter in the list that is not chosen', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const { succeeded } = await etcd.txn({
      failure: [{ requestPut: { key: k('b'), lease: leaseId() } }],
    })
    expect(succeeded).toBe(true)
  })
}
