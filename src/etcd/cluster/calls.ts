// Makes one call to the cluster: tries member after member within a bounded time, and signs in when
// need be. It may send any call more than once, so every call must be idempotent; callers make it
// so (docs/architecture.md, "Sending twice").

import type { DescMessage, DescMethodUnary, MessageShape } from '@bufbuild/protobuf'
import { type Clock, sleep } from '../../base/clock.js'
import { ClosedError } from '../../base/errors.js'
import { Backoff } from '../../base/backoff.js'
import type { Members } from './members.js'
import { isCertificateError, toElectError, verdictOn } from './failure.js'
import { Semaphore } from '../../base/semaphore.js'
import type { SignIn } from './sign-in.js'
import { RpcError } from '../wire/transport.js'

/** etcd refuses more than about 5,000 requests in flight; this leaves room for other clients. */
const maxInFlight = 1_000
/** A sign-in token may become void while a call is under way, but hardly twice. */
const maxSignIns = 2

export interface CallOptions {
  /** Gives the call up: it rejects with `signal.reason`, and may or may not have changed etcd. */
  readonly signal?: AbortSignal | undefined
  /** The time for all attempts together. Default: the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** Skips the queue of calls that wait for a slot: a lease must not die in it. */
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
  readonly #semaphore = new Semaphore(maxInFlight)
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
   * Sends one request and returns its answer.
   *
   * @throws `signal.reason`, or an {@link ElectError} for the last failure
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>> {
    return this.unaryFrom(method, () => request, options)
  }

  /** Like `unary`, but makes the request anew right before each attempt. */
  async unaryFrom<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    makeRequest: () => MessageShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    options.signal?.throwIfAborted()
    this.#throwIfClosed()
    if (options.urgent === true) return this.#untilAnswered(method, makeRequest, options)
    const turn = this.#semaphore.acquire(options.signal)
    if (turn !== undefined) await turn
    try {
      return await this.#untilAnswered(method, makeRequest, options)
    } finally {
      this.#semaphore.release()
    }
  }

  close(): void {
    this.#closed = true
  }

  async #untilAnswered<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    makeRequest: () => MessageShape<I>,
    { signal, timeoutMs = this.#callTimeoutMs, onSend }: CallOptions,
  ): Promise<MessageShape<O>> {
    const giveUpAtMs = this.#clock.monotonicMs() + timeoutMs
    const backoff = new Backoff(this.#random)
    let signIns = 0
    let certificateErrors = 0
    for (let attempt = 1; ; attempt++) {
      const member = this.#members.preferred
      const leftMs = giveUpAtMs - this.#clock.monotonicMs()
      let { metadata } = this.#signIn
      try {
        metadata ??= await this.#signIn.authenticate(
          member,
          Math.min(this.#attemptTimeoutMs, leftMs),
          signal,
        )
        const request = makeRequest()
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
        certificateErrors = isCertificateError(error) ? certificateErrors + 1 : 0
        const isFinal =
          verdict === 'final' ||
          (verdict === 'signIn' && (!this.#signIn.hasCredentials || ++signIns > maxSignIns)) ||
          certificateErrors >= this.#members.size
        if (isFinal) throw toElectError(error, member.endpoint.url)
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

  /** No pause before another member; a pause once all members have failed, or etcd is busy. */
  #pauseMs(attempt: number, verdict: 'moveOn' | 'busy', backoff: Backoff): number {
    return verdict === 'moveOn' && attempt % this.#members.size !== 0 ? 0 : backoff.nextMs()
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new ClosedError('this Etcd client is closed: make a new one')
  }
}
