// Sends the transactions of one turn of the event loop in one request, and a lone one as it is.
// When etcd refuses the request because of one of them, the batcher sends it again in halves: then
// the others lose time and nothing else.

import { create } from '@bufbuild/protobuf'
import type { Clock } from '../../base/clock.js'
import { AuthError, RefusedError, TimeoutError } from '../../base/errors.js'
import {
  Batch,
  wireBytes,
  combine,
  type JointTxn,
  learnLimits,
  separate,
  defaultLimits,
} from './batch.js'
import type { CallOptions, Calls } from '../cluster/calls.js'
import { KV, type TxnRequest, TxnRequestSchema, type TxnResponse } from '../wire/gen/rpc_pb.js'
import { TimeSlices } from '../../base/time-slices.js'
import { RpcError, Status } from '../wire/transport.js'

/**
 * How many requests may be under way. Transactions that wait meanwhile fill later requests better.
 */
const maxInFlight = 16
/** How many waiting transactions are looked at to fill one request. */
const maxScanned = 512
/**
 * Older and younger transactions do not travel together: the youngest bounds the time of the call.
 */
const maxApartMs = 1_000

export interface JointOptions extends CallOptions {
  /**
   * Called when etcd refused the attempt that `onSend` announced last: that one changed nothing,
   * and another attempt follows.
   */
  readonly onRefused?: (() => void) | undefined
}

interface PendingTxn {
  readonly txn: JointTxn
  readonly bytes: number
  readonly options: JointOptions
  readonly requestedAtMs: number
  resolve(response: TxnResponse): void
  reject(error: Error): void
  /** The caller has its outcome, or has given up. */
  isSettled: boolean
  /** Called when the caller gives up: leaves the queue, or cancels a request that all have left. */
  onAbort: () => void
}

export class Batcher {
  readonly #calls: Calls
  readonly #clock: Clock
  readonly #callTimeoutMs: number
  readonly #withReads: boolean
  readonly #sendSlices: TimeSlices
  /** Waiting transactions, by group. The group that was served last comes last. */
  readonly #queues = new Map<string, Set<PendingTxn>>()
  #limits = defaultLimits
  #inFlight = 0
  #lastAnswerAtMs = -Infinity
  #isScheduled = false

  /** @param parts.hasRights whether etcd may know the user, and so check the user's rights */
  constructor(parts: { calls: Calls; clock: Clock; callTimeoutMs: number; hasRights: boolean }) {
    this.#calls = parts.calls
    this.#clock = parts.clock
    this.#callTimeoutMs = parts.callTimeoutMs
    this.#withReads = parts.hasRights
    this.#sendSlices = new TimeSlices(parts.clock, () => this.#sendNext())
  }

  /**
   * Carries out the transaction, in one request with others if possible.
   *
   * @throws `signal.reason`, or the ElectError that the transaction would have met alone
   */
  txn(txn: JointTxn, options: JointOptions): Promise<TxnResponse> {
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        settle()
        reject(signal?.reason as Error)
        entry.onAbort()
      }
      const settle = (): void => {
        entry.isSettled = true
        signal?.removeEventListener('abort', abort)
      }
      const entry: PendingTxn = {
        txn,
        bytes: wireBytes(txn),
        options,
        requestedAtMs: this.#clock.monotonicMs(),
        isSettled: false,
        resolve: (response) => {
          settle()
          resolve(response)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
        onAbort: () => {
          this.#dequeue(entry)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#enqueue(entry)
    })
  }

  #enqueue(entry: PendingTxn): void {
    const { group } = entry.txn
    const queue = this.#queues.get(group)
    if (queue === undefined) this.#queues.set(group, new Set([entry]))
    else queue.add(entry)
    this.#schedule()
  }

  #dequeue(entry: PendingTxn): void {
    const { group } = entry.txn
    const queue = this.#queues.get(group)
    queue?.delete(entry)
    if (queue?.size === 0) this.#queues.delete(group)
  }

  /** Sends at the end of this turn: after all promises that can settle now, before any I/O. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      process.nextTick(() => {
        this.#isScheduled = false
        this.#sendSlices.run()
      })
    })
  }

  /** Sends one request; returns whether another one may be sent. */
  #sendNext(): boolean {
    const next = this.#queues.entries().next()
    if (next.done === true || this.#inFlight >= maxInFlight) return false
    const [group, queue] = next.value
    const entries = this.#takeBatch(queue)
    this.#queues.delete(group)
    // Groups take turns.
    if (queue.size > 0) this.#queues.set(group, queue)
    void this.#sendBatch(entries)
    return true
  }

  /** Takes the transaction that has waited for longest, and as many as may travel with it. */
  #takeBatch(queue: Set<PendingTxn>): readonly PendingTxn[] {
    const batch = new Batch<PendingTxn>(this.#limits, this.#withReads)
    let scanned = 0
    for (const entry of queue) {
      if (this.#remainingMs(entry) <= 0) {
        queue.delete(entry)
        entry.reject(
          new TimeoutError('the request was not sent: etcd answers none of those before it'),
        )
        continue
      }
      const [first] = batch.entries
      if (first !== undefined && entry.requestedAtMs - first.requestedAtMs > maxApartMs) break
      if (batch.add(entry)) queue.delete(entry)
      scanned += 1
      if (batch.isFull || scanned >= maxScanned) break
    }
    return batch.entries
  }

  async #sendBatch(entries: readonly PendingTxn[]): Promise<void> {
    this.#inFlight += 1
    await this.#send(entries)
    this.#inFlight -= 1
    if (this.#queues.size > 0) this.#schedule()
  }

  /** Never rejects: every entry gets its own outcome. */
  async #send(entries: readonly PendingTxn[]): Promise<void> {
    const waiting = entries.filter(({ isSettled }) => !isSettled)
    const [only, second] = waiting
    if (only === undefined) return
    if (second !== undefined) return this.#sendTogether(waiting)
    const { txn, options } = only
    try {
      const { compare, success, failure = [] } = txn
      const request = create(TxnRequestSchema, { compare, success, failure })
      const timeoutMs = this.#remainingMs(only)
      const response = await this.#calls.unary(KV.method.txn, request, { ...options, timeoutMs })
      this.#lastAnswerAtMs = this.#clock.monotonicMs()
      only.resolve(response)
    } catch (error) {
      only.reject(error as Error)
    }
  }

  async #sendTogether(entries: readonly PendingTxn[]): Promise<void> {
    const requestAbort = new AbortController()
    let sent = entries
    const abortIfAllGaveUp = (): void => {
      if (entries.every(({ isSettled }) => isSettled)) requestAbort.abort()
    }
    for (const entry of entries) entry.onAbort = abortIfAllGaveUp
    // Runs before each attempt: a transaction that was given up must not be sent again.
    const makeRequest = (): TxnRequest => {
      sent = entries.filter(({ isSettled }) => !isSettled)
      for (const { options } of sent) options.onSend?.()
      return combine(
        sent.map(({ txn }) => txn),
        this.#withReads,
      )
    }
    try {
      const response = await this.#calls.unaryFrom(KV.method.txn, makeRequest, {
        signal: requestAbort.signal,
        timeoutMs: Math.max(...entries.map((entry) => this.#remainingMs(entry))),
      })
      this.#lastAnswerAtMs = this.#clock.monotonicMs()
      const answers = separate(response, sent.length)
      for (const [index, entry] of sent.entries()) {
        const answer = answers[index]
        if (answer !== undefined) entry.resolve(answer)
      }
    } catch (error) {
      if (!mayConcernOne(error)) {
        for (const entry of entries) entry.reject(error as Error)
        return
      }
      this.#limits = learnLimits(this.#limits, sent, this.#withReads, error.message)
      for (const { options } of sent) options.onRefused?.()
      const half = Math.ceil(sent.length / 2)
      await Promise.all([this.#send(sent.slice(0, half)), this.#send(sent.slice(half))])
    }
  }

  /**
   * The time that is left to answer. Waiting in the queue is free as long as etcd answers others.
   */
  #remainingMs({ options, requestedAtMs }: PendingTxn): number {
    const sinceMs = Math.max(requestedAtMs, this.#lastAnswerAtMs)
    return (options.timeoutMs ?? this.#callTimeoutMs) - (this.#clock.monotonicMs() - sinceMs)
  }
}

/** Whether one transaction may be why etcd refused them all, and so did none of them. */
function mayConcernOne(error: unknown): error is AuthError | RefusedError {
  if (error instanceof RefusedError) return !error.retryable
  const { cause } = error as { cause?: unknown }
  return (
    error instanceof AuthError &&
    cause instanceof RpcError &&
    cause.code === Status.permissionDenied
  )
}
