// Sends keep-alives and reports the answers. A member that does not answer soon is not relied on: the next one is asked
// on a fresh stream, and so on in a circle, with more patience in each; the first to answer keeps the stream.
// It must not know what an answer is worth, nor when the lease ends.

import { create } from '@bufbuild/protobuf'
import type { Member, EtcdApi, KeepAliveStream } from '../etcd/api.js'
import {
  LeaseKeepAliveRequestSchema,
  type LeaseKeepAliveResponse,
} from '../etcd/wire/gen/rpc_pb.js'
import type { Instant } from './deadline.js'

/** Of one member: the one that may have stalled, and a fresh one beside it. */
const maxStreamsPerMember = 2

export interface KeepAliveAnswer {
  readonly sentAt: Instant
  readonly answeredAtMs: number
  readonly raftTerm: bigint
  /** What etcd says is left, in seconds; not above 0 when it has no such lease. */
  readonly ttlS: number
}

interface OpenStream {
  readonly member: Member
  readonly stream: KeepAliveStream
  /** Answers carry no id, but come in the order of sending. */
  readonly sent: Instant[]
}

/** How long a member may take before another one is asked as well. */
export interface Patience {
  /** In the first circle; twice as long in each that follows, so that a slow way to etcd is no reason to lose a lease… */
  readonly firstMs: number
  /** …but never longer than this. */
  readonly maxMs: number
}

export class KeepAlives {
  readonly #api: EtcdApi
  readonly #leaseId: bigint
  readonly #patience: Patience
  readonly #onAnswer: (answer: KeepAliveAnswer) => void
  /** Oldest first. */
  readonly #open: OpenStream[] = []
  /** How often was asked in vain since the last answer. */
  #unanswered = 0
  #awaited: OpenStream | undefined
  #cancelHedge: (() => void) | undefined
  #closed = false

  constructor(
    api: EtcdApi,
    leaseId: bigint,
    patience: Patience,
    onAnswer: (answer: KeepAliveAnswer) => void,
  ) {
    this.#api = api
    this.#leaseId = leaseId
    this.#patience = patience
    this.#onAnswer = onAnswer
  }

  /** Asks for one answer, and goes on asking until it comes. Does nothing while an answer is still awaited. */
  ask(): void {
    if (this.#closed || this.#cancelHedge !== undefined) return
    this.#unanswered = 0
    this.#send(this.#open[0] ?? this.#openStream(this.#api.preferredMember))
  }

  close(): void {
    this.#closed = true
    this.#cancelHedge?.()
    for (const { stream } of this.#open.splice(0)) stream.cancel()
  }

  #send(to: OpenStream): void {
    const circles = Math.floor(this.#unanswered / this.#api.memberCount)
    const { firstMs, maxMs } = this.#patience
    to.sent.push(this.#now())
    this.#awaited = to
    this.#askAnotherIn(Math.min(maxMs, firstMs * 2 ** circles))
    this.#unanswered += 1
    to.stream.send(create(LeaseKeepAliveRequestSchema, { ID: this.#leaseId }))
  }

  #askAnotherIn(delayMs: number): void {
    this.#cancelHedge?.()
    this.#cancelHedge = this.#api.clock.setTimer(delayMs, () => {
      this.#askAnother()
    })
  }

  #askAnother(): void {
    const silent = this.#awaited?.member ?? this.#api.preferredMember
    this.#api.moveOnFrom(silent)
    const [oldest] = this.#streamsTo(silent)
    const askedAt = oldest?.sent[0]
    if (askedAt !== undefined) silent.giveUpIfSilentSince(askedAt.monotonicMs)
    // A stream that stalled may go on stalling after its member has recovered; a fresh one does not. The one before may
    // still be answered, when the way is only long.
    const next = this.#api.memberAfter(silent)
    const [stale, ...others] = this.#streamsTo(next)
    if (stale !== undefined && others.length + 1 >= maxStreamsPerMember) this.#drop(stale)
    this.#send(this.#openStream(next))
  }

  #streamsTo(member: Member): OpenStream[] {
    return this.#open.filter((stream) => stream.member === member)
  }

  #openStream(member: Member): OpenStream {
    const stream = this.#api.openKeepAlive(member, {
      message: (response) => {
        this.#answered(opened, response)
      },
      closed: () => {
        this.#drop(opened)
        // It failed rather than being slow, which is no reason for more patience.
        if (this.#awaited === opened && this.#cancelHedge !== undefined) {
          this.#askAnotherIn(this.#patience.firstMs)
        }
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
    this.#awaited = undefined
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
