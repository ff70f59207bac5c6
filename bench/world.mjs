// What the cases are made of: clients of ours, clients of npm etcd3, the Go program, and the raw transaction that all are
// compared with.
// It must not know the cases.
import { randomUUID } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { Etcd3 } from 'etcd3'
// The transport under the library, which users do not see.
import { KV, TxnRequestSchema } from '../dist/etcd/gen/rpc_pb.js'
import { GrpcTransport } from '../dist/etcd/grpc.js'
import { parseEndpoint } from '../dist/etcd/endpoint.js'
import { Etcd } from '../dist/index.js'
import { Subject } from './subject.mjs'

/** Long enough for no renewal to come in between. */
export const ttl = 60

export class World {
  #close = []

  #withGo

  constructor(endpoints, withGo = false) {
    this.endpoints = endpoints
    this.#withGo = withGo
  }

  /** What nobody can be faster than, over either transport. */
  limits() {
    return {
      'raw Txn': () => this.rawTxn(),
      'raw Txn, Go': async () => {
        const go = await this.go()
        const prefix = this.name()
        return go && { act: () => go({ do: 'put', prefix }) }
      },
    }
  }

  /**
   * A process with etcd's Go client, to be asked for something: it resolves with the milliseconds that took in there.
   * Undefined where there is no Go.
   */
  async go() {
    if (!this.#withGo) return undefined
    const subject = await Subject.start('Go', this.endpoints[0])
    this.#close.push(() => subject.kill())
    return async (command) => (await subject.ask({ ttl, ...command })).ms
  }

  /** A client of ours. */
  etcd() {
    const etcd = new Etcd({ endpoints: this.endpoints })
    this.#close.push(() => etcd.close())
    return etcd
  }

  etcd3() {
    const client = new Etcd3({ hosts: this.endpoints })
    this.#close.push(() => client.close())
    return client
  }

  /** One put in a transaction, over our transport and nothing else of ours. */
  rawTxn() {
    const transport = new GrpcTransport(
      parseEndpoint(this.endpoints[0]),
      credentials.createInsecure(),
    )
    this.#close.push(() => transport.close())
    const key = Buffer.from(this.name())
    const value = Buffer.from('web-1')
    const request = create(TxnRequestSchema, {
      success: [{ request: { case: 'requestPut', value: { key, value } } }],
    })
    return {
      act: () => transport.unary(KV.method.txn, request, { metadata: {}, timeoutMs: 10_000 }),
    }
  }

  /** An election that nobody else knows. */
  name() {
    return `bench/${randomUUID()}`
  }

  async close() {
    for (const close of this.#close.splice(0)) await close()
  }
}
