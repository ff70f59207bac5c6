// Sends keep-alives and reports the answers. When a member does not answer soon, the next member is
// asked on a fresh stream, and so on round by round, with more patience in each round. The first
// member to answer keeps its stream.

import { create } from '@bufbuild/protobuf'
import type { Member, EtcdApi, KeepAliveStream } from '../etcd/api.js'
import {
  LeaseKeepAliveRequestSchema,
  type LeaseKeepAliveResponse,
} from '../etcd/wire/gen/rpc_pb.js'
import type { Instant } from './deadline.js'

/** The stream that may have stalled, and a fresh one beside it. */
const maxStreamsPerMember = 2

export interface KeepAliveAnswer {
  readonly sentAt: Instant
  readonly answeredAtMs: number
  readonly raftTerm: bigint
  /** What etcd says is left of the lease, in seconds; 0 or less when it has no such lease. */
  readonly ttlS: number
}

interface OpenStream {
  readonly member: Member
  readonly stream: KeepAliveStream
  /** When each unanswered request was sent. Answers carry no id, but come in the same order. */
  readonly sent: Instant[]
}

/** How long a member may take before another one is asked as well. */
export interface Patience {
  /** In the first round. Doubles with each round, so that a slow network costs no lease. */
  readonly firstMs: number
  /** In any round. */
  readonly maxMs: number
}

export class KeepAlives {
  readonly #api: EtcdApi
  readonly #leaseId: bigint
  readonly #patience: Patience
  readonly #onAnswer: (answer: KeepAliveAnswer) => void
  /** Oldest first. */
  readonly #open: OpenStream[] = []
  /** How many requests were sent since the last answer. */
  #unanswered = 0
  #awaited: OpenStream | undefined
  #cancelHedge: (() => void) | undefined
  #isClosed = false

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

  /** Asks until one answer comes. Does nothing while an answer is still awaited. */
  ask(): void {
    if (this.#isClosed || this.#cancelHedge !== undefined) return
    this.#unanswered = 0
    this.#send(this.#open[0] ?? this.#openStream(this.#api.preferredMember))
  }

  close(): void {
    this.#isClosed = true
    this.#cancelHedge?.()
    for (const { stream } of this.#open.splice(0)) stream.cancel()
  }

  #send(to: OpenStream): void {
    const round = Math.floor(this.#unanswered / this.#api.memberCount)
    const { firstMs, maxMs } = this.#patience
    to.sent.push(this.#now())
    this.#awaited = to
    this.#askAnotherIn(Math.min(maxMs, firstMs * 2 ** round))
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
    // A stream that stalled may stay stalled after its member has recovered, and a fresh one does
    // not. The old stream is kept, because it may still be answered if the network is only slow.
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
        // A failed stream is no sign of a slow network, so the next member is asked soon.
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
    if (this.#isClosed || sentAt === undefined) return
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
