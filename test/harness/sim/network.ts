// The ways between one process and the members: how long each message takes, and which messages are
// lost.

import type { Clock } from '../../../src/base/clock.js'
import type { Endpoint } from '../../../src/etcd/wire/endpoint.js'
import { RpcError, Status, type Transport } from '../../../src/etcd/wire/transport.js'
import { FaultyTransport, type LineFaults } from '../../../src/testing/faulty-transport.js'
import type { LineState } from '../../../src/testing/lane.js'
import { type Cluster, endpoints } from './cluster.js'
import type { Process } from './process.js'

/**
 * `deaf`: requests arrive, and no answer comes back. `mute`: no request arrives, and answers come
 * back.
 */
export type WayState = LineState | 'deaf' | 'mute'

export class Network {
  state: WayState = 'up'
  /** The one member that can be reached; undefined for all. */
  reachesOnly: number | undefined
  /** The longest delay of one message. */
  slowMs = 0
  /** Called when a keep-alive has arrived, just before its answer is sent. */
  whenRenewing: (() => void) | undefined
  /** How many more requests fail because their sign-in token is void. */
  voidTokens = 0
  readonly sent = { unary: 0, streams: 0, messages: 0 }
  readonly #process: Process
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #random: () => number
  readonly #note: (what: string) => void
  readonly #transports = new Set<FaultyTransport>()

  constructor(
    process: Process,
    cluster: Cluster,
    clock: Clock,
    random: () => number,
    note: (what: string) => void,
  ) {
    this.#process = process
    this.#cluster = cluster
    this.#clock = clock
    this.#random = random
    this.#note = note
  }

  readonly connect = (endpoint: Endpoint): Transport => {
    const trouble = this.#troubleWith(endpoint)
    const inner = this.#counting(this.#cluster.connect(endpoint))
    const transport = new FaultyTransport(inner, trouble, this.#clock, () => {
      this.#transports.delete(transport)
    })
    this.#transports.add(transport)
    return this.#process.receiving(transport)
  }

  reset(): void {
    const error = new RpcError(Status.unavailable, 'the connection was reset')
    for (const transport of [...this.#transports]) transport.fail(() => true, error)
  }

  /** Sends the held messages on, where the way is open. */
  pump(): void {
    for (const transport of [...this.#transports]) transport.deliverHeld()
  }

  #troubleWith({ url }: Endpoint): LineFaults {
    const lineState = (): LineState => {
      if (this.state === 'cut' || this.state === 'held') return this.state
      if (this.reachesOnly !== undefined && endpoints[this.reachesOnly] !== url) return 'cut'
      return this.#cluster.stateOf(url) === 'paused' ? 'held' : 'up'
    }
    return {
      get state() {
        return lineState()
      },
      failure: () => {
        if (this.#cluster.isDown) return new RpcError(Status.unavailable, 'connection refused')
        if (this.voidTokens === 0) return undefined
        this.voidTokens -= 1
        return new RpcError(Status.unauthenticated, 'etcdserver: invalid auth token')
      },
      drops: (kind) =>
        (this.state === 'deaf' && kind === 'dropAnswer') ||
        (this.state === 'mute' && kind === 'dropRequest'),
      delayMs: (method) => {
        const lagging = method === 'Watch' && this.#cluster.stateOf(url) === 'lagging'
        const lateMs = lagging ? 500 + this.#random() * 2_000 : 0
        return 0.2 + this.#random() * (2 + this.slowMs) + lateMs
      },
    }
  }

  #counting(inner: Transport): Transport {
    return {
      unary: (method, request, options) => {
        this.sent.unary += 1
        this.#note(method.name)
        return inner.unary(method, request, options)
      },
      duplex: (method, metadata, sink) => {
        this.sent.streams += 1
        this.#note(`opens ${method.name}`)
        const stream = inner.duplex(method, metadata, sink)
        return {
          send: (message) => {
            this.sent.messages += 1
            stream.send(message)
            if (method.name === 'LeaseKeepAlive') this.whenRenewing?.()
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
}
