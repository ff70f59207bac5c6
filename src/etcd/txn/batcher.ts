// Sends transactions that are asked for in the same turn of the event loop together. A lone one is sent as it is.
// What etcd refuses for the sake of one is sent again in halves, so that it costs its neighbours time and nothing else.
// It must not know what the transactions are for.

import { create } from '@bufbuild/protobuf'
import type { Clock } from '../../base/clock.js'
import { AuthError, RefusedError, TimeoutError } from '../../base/errors.js'
import { Batch, wireBytes, combine, type JointTxn, learn, separate, usualLimits } from './batch.js'
import type { CallOptions, Calls } from '../cluster/calls.js'
import { KV, type TxnRequest, TxnRequestSchema, type TxnResponse } from '../wire/gen/rpc_pb.js'
import { TimeSlices } from '../../base/time-slices.js'
import { RpcError, Status } from '../wire/transport.js'

/** The others wait, and travel the better together. */
const mostInFlight = 16
/** So far behind the first one that waits is looked for some that may travel with it. */
const mostLookedAt = 512
/** Those that were asked for longer apart do not travel together: a call lasts as long as its youngest may. */
const mostApartMs = 1_000

export interface JointOptions extends CallOptions {
  /** Called when the sending that `onSend` told of last is known to have changed nothing, and another one follows. */
  readonly onRefused?: (() => void) | undefined
}

interface PendingTxn {
  readonly txn: JointTxn
  readonly bytes: number
  readonly options: JointOptions
  readonly askedAtMs: number
  resolve(response: TxnResponse): void
  reject(error: Error): void
  /** Nobody waits for it any more. */
  over: boolean
  /** What its being given up means where it is now. */
  onGivenUp: () => void
}

export class Batcher {
  readonly #calls: Calls
  readonly #clock: Clock
  readonly #callTimeoutMs: number
  readonly #withReads: boolean
  readonly #sending: TimeSlices
  /** By group; the lane that was served last comes last. */
  readonly #lanes = new Map<string, Set<PendingTxn>>()
  #limits = usualLimits
  #inFlight = 0
  #answeredAtMs = -Infinity
  #scheduled = false

  /** @param parts.hasRights whether etcd may know who we are, and so what we have the right to. */
  constructor(parts: { calls: Calls; clock: Clock; callTimeoutMs: number; hasRights: boolean }) {
    this.#calls = parts.calls
    this.#clock = parts.clock
    this.#callTimeoutMs = parts.callTimeoutMs
    this.#withReads = parts.hasRights
    this.#sending = new TimeSlices(parts.clock, () => this.#sendNext())
  }

  /**
   * @throws `signal.reason`, or an ElectError: what it would have met alone.
   */
  txn(txn: JointTxn, options: JointOptions): Promise<TxnResponse> {
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        settle()
        reject(signal?.reason as Error)
        entry.onGivenUp()
      }
      const settle = (): void => {
        entry.over = true
        signal?.removeEventListener('abort', abort)
      }
      const entry: PendingTxn = {
        txn,
        bytes: wireBytes(txn),
        options,
        askedAtMs: this.#clock.monotonicMs(),
        over: false,
        resolve: (response) => {
          settle()
          resolve(response)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
        onGivenUp: () => {
          this.#unqueue(entry)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#queue(entry)
    })
  }

  #queue(entry: PendingTxn): void {
    const { group } = entry.txn
    const lane = this.#lanes.get(group)
    if (lane === undefined) this.#lanes.set(group, new Set([entry]))
    else lane.add(entry)
    this.#schedule()
  }

  #unqueue(entry: PendingTxn): void {
    const { group } = entry.txn
    const lane = this.#lanes.get(group)
    lane?.delete(entry)
    if (lane?.size === 0) this.#lanes.delete(group)
  }

  /** For the end of this turn: after all promises that can settle now, and before anything that comes from outside. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      process.nextTick(() => {
        this.#scheduled = false
        this.#sending.run()
      })
    })
  }

  /** Sends one request; tells whether another one may be sent. */
  #sendNext(): boolean {
    const next = this.#lanes.entries().next()
    if (next.done === true || this.#inFlight >= mostInFlight) return false
    const [group, lane] = next.value
    const entries = this.#take(lane)
    this.#lanes.delete(group)
    // To the end of the line.
    if (lane.size > 0) this.#lanes.set(group, lane)
    void this.#sendBatch(entries)
    return true
  }

  /** As many as may travel with the one that has waited for longest. */
  #take(lane: Set<PendingTxn>): readonly PendingTxn[] {
    const batch = new Batch<PendingTxn>(this.#limits, this.#withReads)
    let lookedAt = 0
    for (const entry of lane) {
      if (this.#leftMs(entry) <= 0) {
        lane.delete(entry)
        entry.reject(
          new TimeoutError('the request was not sent: etcd answers none of those before it'),
        )
        continue
      }
      const [first] = batch.entries
      if (first !== undefined && entry.askedAtMs - first.askedAtMs > mostApartMs) break
      if (batch.add(entry)) lane.delete(entry)
      lookedAt += 1
      if (batch.isFull || lookedAt >= mostLookedAt) break
    }
    return batch.entries
  }

  async #sendBatch(entries: readonly PendingTxn[]): Promise<void> {
    this.#inFlight += 1
    await this.#send(entries)
    this.#inFlight -= 1
    if (this.#lanes.size > 0) this.#schedule()
  }

  /** Never rejects: each entry is told its own. */
  async #send(entries: readonly PendingTxn[]): Promise<void> {
    const waiting = entries.filter(({ over }) => !over)
    const [only, second] = waiting
    if (only === undefined) return
    if (second !== undefined) return this.#sendTogether(waiting)
    const { txn, options } = only
    try {
      const { compare, success, failure = [] } = txn
      const request = create(TxnRequestSchema, { compare, success, failure })
      const timeoutMs = this.#leftMs(only)
      const response = await this.#calls.unary(KV.method.txn, request, { ...options, timeoutMs })
      this.#answeredAtMs = this.#clock.monotonicMs()
      only.resolve(response)
    } catch (error) {
      only.reject(error as Error)
    }
  }

  async #sendTogether(entries: readonly PendingTxn[]): Promise<void> {
    const nobodyWaits = new AbortController()
    let sent = entries
    const givenUp = (): void => {
      if (entries.every(({ over }) => over)) nobodyWaits.abort()
    }
    for (const entry of entries) entry.onGivenUp = givenUp
    // Before each sending: whoever has given up by then relies on not being in it.
    const make = (): TxnRequest => {
      sent = entries.filter(({ over }) => !over)
      for (const { options } of sent) options.onSend?.()
      return combine(
        sent.map(({ txn }) => txn),
        this.#withReads,
      )
    }
    try {
      const response = await this.#calls.madeAnew(KV.method.txn, make, {
        signal: nobodyWaits.signal,
        timeoutMs: Math.max(...entries.map((entry) => this.#leftMs(entry))),
      })
      this.#answeredAtMs = this.#clock.monotonicMs()
      const answers = separate(response, sent.length)
      for (const [index, entry] of sent.entries()) {
        const answer = answers[index]
        if (answer !== undefined) entry.resolve(answer)
      }
    } catch (error) {
      if (!mayBeForOne(error)) {
        for (const entry of entries) entry.reject(error as Error)
        return
      }
      this.#limits = learn(this.#limits, sent, this.#withReads, error.message)
      for (const { options } of sent) options.onRefused?.()
      const half = Math.ceil(sent.length / 2)
      await Promise.all([this.#send(sent.slice(0, half)), this.#send(sent.slice(half))])
    }
  }

  /** To wait for one's turn costs nothing of one's time as long as etcd answers those before. */
  #leftMs({ options, askedAtMs }: PendingTxn): number {
    const sinceMs = Math.max(askedAtMs, this.#answeredAtMs)
    return (options.timeoutMs ?? this.#callTimeoutMs) - (this.#clock.monotonicMs() - sinceMs)
  }
}

/** Whether etcd refused, without having done any of it, what it might have taken without one of them. */
function mayBeForOne(error: unknown): error is AuthError | RefusedError {
  if (error instanceof RefusedError) return !error.retryable
  const { cause } = error as { cause?: unknown }
  return (
    error instanceof AuthError &&
    cause instanceof RpcError &&
    cause.code === Status.permissionDenied
  )
}
