// The least work that leading many elections can take: one lease, and the transactions of joining,
// 126 of them in each request and 16 requests under way, over the transport of this library and
// nothing else of it.

import { create } from '@bufbuild/protobuf'
import {
  CompareResult,
  CompareTarget,
  connect,
  KV,
  Lease,
  LeaseGrantRequestSchema,
  type Operation,
  SortOrder,
  SortTarget,
  TxnRequestSchema,
} from '../transport.js'
import type { Many } from './commands.js'
import { endpointGiven, rest, serve, timed } from './protocol.js'

const transport = connect(endpointGiven())
const options = { metadata: {}, timeoutMs: 30_000 }
const atOnce = 126
const underWay = 16

const bytes = (text: string): Uint8Array<ArrayBuffer> => Buffer.from(text)

function join(election: string, lease: bigint): Operation {
  const key = bytes(`${election}/${lease.toString(16)}`)
  const queue = {
    key: bytes(`${election}/`),
    rangeEnd: bytes(`${election}0`),
    sortOrder: SortOrder.ASCEND,
    sortTarget: SortTarget.CREATE,
  }
  const range: Operation = { request: { case: 'requestRange', value: queue } }
  const put: Operation = {
    request: { case: 'requestPut', value: { key, value: bytes('web-1'), lease } },
  }
  const isFree = {
    key,
    target: CompareTarget.CREATE,
    result: CompareResult.EQUAL,
    targetUnion: { case: 'createRevision' as const, value: 0n },
  }
  const value = { compare: [isFree], success: [put, range], failure: [range] }
  return { request: { case: 'requestTxn', value } }
}

async function lead({ prefix, count, ttl }: Many): Promise<void> {
  const grant = create(LeaseGrantRequestSchema, { TTL: BigInt(ttl) })
  const { ID } = await transport.unary(Lease.method.leaseGrant, grant, options)
  let next = 0
  const send = async (): Promise<void> => {
    while (next < count) {
      const from = next
      next = Math.min(count, next + atOnce)
      const indices = Array.from({ length: next - from }, (_, index) => from + index)
      const success = indices.map((index) => join(`${prefix}/${index}`, ID))
      await transport.unary(KV.method.txn, create(TxnRequestSchema, { success }), options)
    }
  }
  await Promise.all(Array.from({ length: underWay }, send))
}

await transport.unary(KV.method.txn, create(TxnRequestSchema, {}), options)
await serve({
  rest,
  async lead(given) {
    return { ms: await timed(() => lead(given)) }
  },
})
