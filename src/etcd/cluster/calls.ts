// One call to the cluster: tried on member after member, within a bounded time, signed in when need be.
// It must not know what the calls are for. Every call that goes through here may be sent more than once, so all of
// them have to be idempotent; those above make them so (docs/architecture.md, "Sending twice").

import type { DescMessage, DescMethodUnary, MessageShape } from '@bufbuild/protobuf'
import { type Clock, sleep } from '../../base/clock.js'
import { ClosedError } from '../../base/errors.js'
import { Backoff } from '../../base/backoff.js'
import type { Members } from './members.js'
import { isCertificateTrouble, toElectError, verdictOn } from './failure.js'
import { Semaphore } from '../../base/semaphore.js'
import type { SignIn } from './sign-in.js'
import { RpcError } from '../wire/transport.js'

/** etcd refuses requests above about 5,000 in flight; we stay well below, and leave room for other clients. */
const mostInFlight = 1_000
/** A token may become void while a call is under way, but hardly twice. */
const mostSignIns = 2

export interface CallOptions {
  /** Gives the call up: it rejects with `signal.reason`. Whether etcd acted on it is then not known. */
  readonly signal?: AbortSignal | undefined
  /** How long the call may take in all. Default: the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** Goes ahead of all calls that wait for their turn: a lease must not die in a queue. */
  readonly urgent?: boolean | undefined
  /** Called right before each attempt is sent. */
  readonly onSend?: (() => void) | undefined
}

export class Calls {
  readonly #members: Members
  readonly #signIn: SignIn
  readonly #clock: Clock
  readonly #random: () => number
  readonly #attemptTimeoutMs: number
  readonly #callTimeoutMs: number
  readonly #semaphore = new Semaphore(mostInFlight)
  #closed = false

  constructor(parts: {
    members: Members
    signIn: SignIn
    clock: Clock
    random: () => number
    attemptTimeoutMs: number
    callTimeoutMs: number
  }) {
    this.#members = parts.members
    this.#signIn = parts.signIn
    this.#clock = parts.clock
    this.#random = parts.random
    this.#attemptTimeoutMs = parts.attemptTimeoutMs
    this.#callTimeoutMs = parts.callTimeoutMs
  }

  /**
   * @throws `signal.reason`, or an {@link ElectError}: the failure that was met last.
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>> {
    return this.madeAnew(method, () => request, options)
  }

  /** The same for a request that is made right before each attempt is sent. */
  async madeAnew<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    make: () => MessageShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    options.signal?.throwIfAborted()
    this.#throwIfClosed()
    if (options.urgent === true) return this.#untilAnswered(method, make, options)
    const turn = this.#semaphore.acquire(options.signal)
    if (turn !== undefined) await turn
    try {
      return await this.#untilAnswered(method, make, options)
    } finally {
      this.#semaphore.release()
    }
  }

  close(): void {
    this.#closed = true
  }

  async #untilAnswered<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    make: () => MessageShape<I>,
    { signal, timeoutMs = this.#callTimeoutMs, onSend }: CallOptions,
  ): Promise<MessageShape<O>> {
    const giveUpAtMs = this.#clock.monotonicMs() + timeoutMs
    const backoff = new Backoff(this.#random)
    let signIns = 0
    let certificateTroubles = 0
    for (let attempt = 1; ; attempt++) {
      const member = this.#members.preferred
      const leftMs = giveUpAtMs - this.#clock.monotonicMs()
      let { metadata } = this.#signIn
      try {
        metadata ??= await this.#signIn.first(
          member,
          Math.min(this.#attemptTimeoutMs, leftMs),
          signal,
        )
        const request = make()
        onSend?.()
        return await member.unary(method, request, {
          metadata,
          timeoutMs: Math.max(1, Math.min(this.#attemptTimeoutMs, leftMs)),
          signal,
        })
      } catch (error) {
        signal?.throwIfAborted()
        this.#throwIfClosed()
        if (!(error instanceof RpcError)) throw error
        const verdict = verdictOn(error)
        certificateTroubles = isCertificateTrouble(error) ? certificateTroubles + 1 : 0
        const hopeless =
          verdict === 'final' ||
          (verdict === 'signIn' && (!this.#signIn.possible || ++signIns > mostSignIns)) ||
          certificateTroubles >= this.#members.size
        if (hopeless) throw toElectError(error, member.endpoint.url)
        if (verdict === 'signIn') {
          this.#signIn.forget(metadata)
          continue
        }
        if (verdict === 'moveOn') this.#members.moveOnFrom(member)
        const pauseMs = this.#pauseMs(attempt, verdict, backoff)
        if (this.#clock.monotonicMs() + pauseMs >= giveUpAtMs) {
          throw toElectError(error, member.endpoint.url)
        }
        if (pauseMs > 0) await sleep(this.#clock, pauseMs, signal)
        this.#throwIfClosed()
      }
    }
  }

  /** Each other member is asked at once; a cluster all of whose members failed is given time. */
  #pauseMs(attempt: number, verdict: 'moveOn' | 'busy', backoff: Backoff): number {
    return verdict === 'moveOn' && attempt % this.#members.size !== 0 ? 0 : backoff.nextMs()
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('this Etcd client is closed: make a new one')
  }
}
