// Sends keep-alives and reports the answers. A member that does not answer at once is not waited for: the next one is
// asked on a fresh stream, and so on in a circle; the first to answer keeps the stream.
// It must not know what an answer is worth, nor when the lease ends.

import { create } from '@bufbuild/protobuf'
import type { Connection, EtcdApi, KeepAliveStream } from '../etcd/api.js'
import { LeaseKeepAliveRequestSchema, type LeaseKeepAliveResponse } from '../etcd/gen/rpc_pb.js'
import type { Instant } from './deadline.js'

/** A connection over which nothing at all came for this long, while an answer is awaited, is dialled anew. */
const deadAfterMs = 1_000

export interface Answer {
  readonly sentAt: Instant
  readonly answeredAtMs: number
  readonly raftTerm: bigint
  /** What etcd says is left, in seconds; not above 0 when it has no such lease. */
  readonly ttlS: number
}

interface OpenStream {
  readonly member: Connection
  readonly stream: KeepAliveStream
  /** Answers carry no id, but come in the order of sending. */
  readonly sent: Instant[]
}

export class KeepAlives {
  readonly #api: EtcdApi
  readonly #leaseId: bigint
  readonly #hedgeMs: number
  readonly #onAnswer: (answer: Answer) => void
  readonly #open: OpenStream[] = []
  #cancelHedge: (() => void) | undefined
  #askedAtMs = 0
  #closed = false

  /**
   * @param hedgeMs how long a member may take before another one is asked as well.
   */
  constructor(api: EtcdApi, leaseId: bigint, hedgeMs: number, onAnswer: (answer: Answer) => void) {
    this.#api = api
    this.#leaseId = leaseId
    this.#hedgeMs = hedgeMs
    this.#onAnswer = onAnswer
  }

  /** Asks for one answer, and goes on asking until it comes. Does nothing while an answer is still awaited. */
  ask(): void {
    if (this.#closed || this.#cancelHedge !== undefined) return
    this.#askedAtMs = this.#api.clock.monotonicMs()
    this.#send(this.#open[0] ?? this.#openStream(this.#api.preferredMember))
  }

  close(): void {
    this.#closed = true
    this.#cancelHedge?.()
    for (const { stream } of this.#open.splice(0)) stream.cancel()
  }

  #send(to: OpenStream): void {
    const now = this.#now()
    to.sent.push(now)
    this.#cancelHedge = this.#api.clock.setTimer(this.#hedgeMs, () => {
      this.#askAnother(to.member)
    })
    to.stream.send(create(LeaseKeepAliveRequestSchema, { ID: this.#leaseId }))
  }

  #askAnother(silent: Connection): void {
    this.#api.moveOnFrom(silent)
    if (this.#api.clock.monotonicMs() - this.#askedAtMs >= deadAfterMs) {
      silent.giveUpIfSilentSince(this.#askedAtMs)
    }
    const next = this.#api.memberAfter(silent)
    // A stream that stalls goes on stalling after its member has recovered; a fresh one does not.
    for (const stale of this.#open.filter(({ member }) => member === next)) this.#drop(stale)
    this.#send(this.#openStream(next))
  }

  #openStream(member: Connection): OpenStream {
    const stream = this.#api.openKeepAlive(member, {
      message: (response) => {
        this.#answered(opened, response)
      },
      closed: () => {
        this.#drop(opened)
      },
    })
    const opened: OpenStream = { member, stream, sent: [] }
    this.#open.push(opened)
    return opened
  }

  #answered(by: OpenStream, response: LeaseKeepAliveResponse): void {
    const sentAt = by.sent.shift()
    if (this.#closed || sentAt === undefined) return
    this.#cancelHedge?.()
    this.#cancelHedge = undefined
    for (const other of this.#open.filter((stream) => stream !== by)) this.#drop(other)
    this.#onAnswer({
      sentAt,
      answeredAtMs: this.#api.clock.monotonicMs(),
      raftTerm: response.header?.raftTerm ?? 0n,
      ttlS: Number(response.TTL),
    })
  }

  #drop(stream: OpenStream): void {
    const index = this.#open.indexOf(stream)
    if (index < 0) return
    this.#open.splice(index, 1)
    stream.stream.cancel()
  }

  #now(): Instant {
    const { clock } = this.#api
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  }
}
