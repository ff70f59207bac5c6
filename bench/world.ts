// What the cases use: our clients, clients of npm etcd3, the Go program, and the raw transaction
// that all are compared with.

import { randomUUID } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { Etcd } from 'etcd-elect'
import { Etcd3 } from 'etcd3'
import type { Contender, MadeContender } from './contender.js'
import { Subject } from './subject.js'
import type { SingleCommand } from './subjects/commands.js'
import { connect, KV, TxnRequestSchema } from './transport.js'

/** Long enough that no renewal happens during a measurement. */
export const ttl = 60

/** Resolves with the milliseconds that it took in there. */
export type AskGo = (command: SingleCommand) => Promise<number | undefined>

export class World {
  readonly endpoints: readonly string[]
  readonly #close: (() => unknown)[] = []
  readonly #withGo: boolean

  constructor(endpoints: readonly string[], withGo = false) {
    this.endpoints = endpoints
    this.#withGo = withGo
  }

  /** One of the members, for who talks to no other. */
  get member(): string {
    return this.endpoints[0] ?? ''
  }

  /** The lower bound, over either transport. */
  limits(): Readonly<Record<string, () => MadeContender>> {
    return {
      'raw Txn': () => this.rawTxn(),
      'raw Txn, Go': async () => {
        const go = await this.go()
        const prefix = this.name()
        return go && { act: () => go({ do: 'put', prefix }) }
      },
    }
  }

  /** Sends a command to a process with etcd's Go client. Undefined where there is no Go. */
  async go(): Promise<AskGo | undefined> {
    if (!this.#withGo) return undefined
    const subject = await Subject.start('Go', this.member)
    this.#close.push(() => subject.kill())
    return async (command) => {
      const { ms } = await subject.ask({ ttl, ...command })
      return ms
    }
  }

  /** A client of ours. */
  etcd(): Etcd {
    const etcd = new Etcd({ endpoints: this.endpoints })
    this.#close.push(() => etcd.close())
    return etcd
  }

  etcd3(): Etcd3 {
    const client = new Etcd3({ hosts: [...this.endpoints] })
    this.#close.push(() => {
      client.close()
    })
    return client
  }

  /** One put in a transaction, over our transport and nothing else of ours. */
  rawTxn(): Contender {
    const transport = connect(this.member)
    this.#close.push(() => {
      transport.close()
    })
    const key = Buffer.from(this.name())
    const value = Buffer.from('web-1')
    const request = create(TxnRequestSchema, {
      success: [{ request: { case: 'requestPut', value: { key, value } } }],
    })
    return {
      act: () => transport.unary(KV.method.txn, request, { metadata: {}, timeoutMs: 10_000 }),
    }
  }

  /** Returns the name of a fresh election. */
  name(): string {
    return `bench/${randomUUID()}`
  }

  async close(): Promise<void> {
    for (const close of this.#close.splice(0)) await close()
  }
}
