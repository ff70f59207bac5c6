// The least that can be asked of etcd for leading many elections: one lease, and the transactions that joining takes,
// 126 of them in each request and 16 requests under way, over the transport of this library and with nothing else of it.
import { create } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { KV, Lease, LeaseGrantRequestSchema, TxnRequestSchema } from '../../dist/etcd/gen/rpc_pb.js'
import { GrpcTransport } from '../../dist/etcd/grpc.js'
import { parseEndpoint } from '../../dist/etcd/endpoint.js'
import { rest, serve, timed } from './protocol.mjs'

const [endpoint] = process.argv.slice(2)
const transport = new GrpcTransport(parseEndpoint(endpoint), credentials.createInsecure())
const options = { metadata: {}, timeoutMs: 30_000 }
const atOnce = 126
const underWay = 16

const bytes = (text) => Buffer.from(text)

function join(election, lease) {
  const key = bytes(`${election}/${lease.toString(16)}`)
  const range = {
    request: {
      case: 'requestRange',
      value: {
        key: bytes(`${election}/`),
        rangeEnd: bytes(`${election}0`),
        sortOrder: 1,
        sortTarget: 2,
      },
    },
  }
  const put = { request: { case: 'requestPut', value: { key, value: bytes('web-1'), lease } } }
  const compare = [
    { key, target: 1, result: 0, targetUnion: { case: 'createRevision', value: 0n } },
  ]
  const value = { compare, success: [put, range], failure: [range] }
  return { request: { case: 'requestTxn', value } }
}

async function lead({ prefix, count, ttl }) {
  const grant = create(LeaseGrantRequestSchema, { TTL: BigInt(ttl) })
  const { ID } = await transport.unary(Lease.method.leaseGrant, grant, options)
  let next = 0
  const send = async () => {
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
  async lead(command) {
    return { ms: await timed(() => lead(command)) }
  },
})
