// Three members that share one state, as a cluster in agreement does, and the ways in which each of
// them fails alone.

import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf'
import type { Clock } from '../../../src/base/clock.js'
import { inProcessTransport } from '../../../src/devserver/in-process.js'
import type { DevMember } from '../../../src/devserver/member.js'
import type { Endpoint } from '../../../src/etcd/wire/endpoint.js'
import { LeaseKeepAliveResponseSchema } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { RpcError, Status, type Transport } from '../../../src/etcd/wire/transport.js'
import { EtcdHost } from '../../../src/testing/etcd-host.js'

export const endpoints: readonly string[] = [0, 1, 2].map(
  (index) => `http://m${String(index)}:2379`,
)

/**
 * - `paused`: takes every request, and answers when it is resumed
 * - `stale`: was etcd's leader and has not noticed its end; it acknowledges keep-alives of which
 *   the other members hear nothing
 * - `lagging`: its watch messages come late
 */
export type MemberState = 'well' | 'paused' | 'stale' | 'lagging'

export class Cluster {
  readonly host: EtcdHost
  readonly states: MemberState[] = ['well', 'well', 'well']
  readonly #clock: Clock
  readonly #random: () => number
  /** When set, some requests are executed a second time, later. */
  duplicates = false
  /** The raft term in which the stale member led. */
  #staleTerm = 0n

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
    this.host = new EtcdHost({ clock, random, firstRevision: 1n })
  }

  get member(): DevMember {
    return this.host.member
  }

  get isDown(): boolean {
    return this.host.state !== 'running'
  }

  stateOf(url: string): MemberState {
    return this.states[endpoints.indexOf(url)] ?? 'well'
  }

  /**
   * The other members elect a new leader of etcd. It does not know the last renewals, so every
   * lease starts again with its full TTL.
   */
  elect(): void {
    this.#staleTerm = this.member.raftTerm
    this.member.becomeLeader()
  }

  /** Connects to a member over a way on which nothing fails. */
  connect(endpoint: Endpoint): Transport {
    const inner = inProcessTransport(() => this.host.router(), this.#clock)(endpoint)
    const stateNow = (): MemberState => this.stateOf(endpoint.url)
    return {
      unary: (method, request, options) => {
        if (stateNow() === 'stale') {
          return Promise.reject(new RpcError(Status.unavailable, 'etcdserver: request timed out'))
        }
        if (this.duplicates && this.#random() < 0.2) {
          this.#clock.setTimer(this.#random() * 4_000, () => {
            if (this.host.state !== 'running') return
            const late = { metadata: options.metadata, timeoutMs: 1_000, signal: undefined }
            inner.unary(method, request, late).catch(() => undefined)
          })
        }
        return inner.unary(method, request, options)
      },
      duplex: (method, metadata, sink) => {
        const stream = inner.duplex(method, metadata, sink)
        return {
          send: (message) => {
            if (stateNow() !== 'stale') stream.send(message)
            else if (method.name === 'LeaseKeepAlive') {
              this.#acknowledge((message as unknown as { ID: bigint }).ID, (answer) => {
                sink.message(answer as MessageShape<DescMessage> as never)
              })
            }
          },
          cancel: () => {
            stream.cancel()
          },
        }
      },
      close: () => {
        inner.close()
      },
    }
  }

  /** A stale member acknowledges every lease that it knows. */
  #acknowledge(ID: bigint, answer: (message: unknown) => void): void {
    const TTL = this.member.lessor.get(ID)?.ttl ?? 5n
    const header = { ...this.member.header(), raftTerm: this.#staleTerm }
    queueMicrotask(() => {
      answer(create(LeaseKeepAliveResponseSchema, { header, ID, TTL }))
    })
  }
}
