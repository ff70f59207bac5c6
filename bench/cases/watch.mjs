// From a put to the event of a watch that was there before: no takeover can be faster. Over the transport of this library
// and with nothing else of it, and over Go's.
import { randomUUID } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { parseEndpoint } from '../../dist/etcd/endpoint.js'
import { KV, PutRequestSchema, Watch, WatchRequestSchema } from '../../dist/etcd/gen/rpc_pb.js'
import { GrpcTransport } from '../../dist/etcd/grpc.js'

const metadata = {}

async function ours(world) {
  const connect = () => {
    const endpoint = parseEndpoint(world.endpoints[0])
    return new GrpcTransport(endpoint, credentials.createInsecure())
  }
  const [writer, watcher] = [connect(), connect()]
  const key = Buffer.from(`bench/${randomUUID()}`)
  let told = () => undefined
  const created = new Promise((resolve) => (told = resolve))
  const stream = watcher.duplex(Watch.method.watch, metadata, {
    message: () => told(),
    closed: () => undefined,
  })
  const request = { case: 'createRequest', value: { key } }
  stream.send(create(WatchRequestSchema, { requestUnion: request }))
  await created
  const put = create(PutRequestSchema, { key, value: Buffer.from('web-1') })
  let putting
  return {
    act() {
      const event = new Promise((resolve) => (told = resolve))
      putting = writer.unary(KV.method.put, put, { metadata, timeoutMs: 10_000 })
      return event
    },
    after: () => putting,
    close() {
      writer.close()
      watcher.close()
    },
  }
}

async function go(world) {
  const ask = await world.go()
  return ask && { act: () => ask({ do: 'watch', prefix: `bench/${randomUUID()}` }) }
}

export const cases = [
  {
    title: 'raw put, to the event of a watch',
    restMs: 150,
    contenders: { 'our transport': ours, Go: go },
  },
]
