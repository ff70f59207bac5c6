// Who may still believe that they lead although their key is gone: those whom a new leader has to outwait (`lockDelay`).
// Pure: it is told what the stream of changes showed, and when. It must not know who of the candidates is us.
//
// A key that is gone does not say why. One that a leader removed itself is marked: the transaction that removes it also
// writes the key of the next in line anew, unchanged, and whoever follows sees both in one revision. Every other departure
// counts as unknown: of one who never knew of it, or of a peer that makes no marks.

import type { Event } from '../etcd/wire/gen/kv_pb.js'
import { Event_EventType } from '../etcd/wire/gen/kv_pb.js'
import { outlivedAfterMs } from '../lease/deadline.js'
import { Roster } from './roster.js'

/** One who may still believe that it leads, because of a renewal that it sent up to this moment. */
interface FormerLeader {
  readonly sinceMs: number
  /** Undefined when it was gone before it could be learnt. */
  readonly ttlS: number | undefined
}

/** Under this token stand all who led before we looked. No key has it. */
const unseen = 0n

/** No `clockDrift` may be above this. */
const mostClockDrift = 0.5

export class FormerLeaders {
  /**
   * As the stream of changes shows it, from some moment on without a gap. A list that was read meanwhile may be ahead of
   * it, and would hide how those left who are not in it any more.
   */
  #stream = new Roster()
  readonly #leaders = new Map<bigint, FormerLeader>()
  /** Keys that may yet be seen to go, of candidates that are known not to believe in them any more. */
  readonly #vouchedFor = new Map<string, bigint>()
  readonly #ttls = new Map<bigint, number>()
  #largestTtlS = 0

  /** The stream begins, or begins anew after a gap: who led before is not known. */
  begin(roster: Roster, nowMs: number): void {
    this.#stream = roster.copy()
    this.#leaders.set(unseen, { sinceMs: nowMs, ttlS: undefined })
  }

  /** What the stream showed next. Tells whether it learnt anything. */
  apply(events: readonly Event[], nowMs: number): boolean {
    let learnt = false
    for (const revision of revisionsOf(events)) {
      const { first } = this.#stream
      if (!this.#stream.apply(revision)) continue
      learnt = true
      // Who is not the oldest has never led, and cannot believe it.
      if (first === undefined || this.#stream.get(first.term)?.fencingToken === first.fencingToken)
        continue
      const vouched = this.#vouchedFor.get(first.term) === first.fencingToken
      if (!vouched && !isMarked(revision)) {
        this.#leaders.set(first.fencingToken, {
          sinceMs: nowMs,
          ttlS: this.#ttls.get(first.fencingToken),
        })
      }
    }
    for (const [term, fencingToken] of this.#vouchedFor) {
      if (this.#stream.get(term)?.fencingToken !== fencingToken) this.#vouchedFor.delete(term)
    }
    this.#forget(nowMs)
    return learnt
  }

  /** This candidacy is over as far as its candidate is concerned, which is one of this process. */
  vouchFor(term: string, fencingToken: bigint): void {
    if (!this.#leaders.delete(fencingToken)) this.#vouchedFor.set(term, fencingToken)
  }

  /** What the lease of a candidacy was granted. */
  learn(fencingToken: bigint, ttlS: number): void {
    this.#ttls.set(fencingToken, ttlS)
    this.#largestTtlS = Math.max(this.#largestTtlS, ttlS)
  }

  knows(fencingToken: bigint): boolean {
    return this.#ttls.has(fencingToken)
  }

  /**
   * How long the candidate with this token has to wait until nobody before it can believe in its leadership any more;
   * Infinity while the stream does not show it as the first.
   *
   * @param ttlS of this candidate's own lease, which stands in for one that is not known.
   */
  delayMs(fencingToken: bigint, ttlS: number, clockDrift: number, nowMs: number): number {
    this.#largestTtlS = Math.max(this.#largestTtlS, ttlS)
    if (this.#stream.first?.fencingToken !== fencingToken) return Infinity
    let delayMs = 0
    for (const former of this.#leaders.values()) {
      const outlivedMs = outlivedAfterMs(former.ttlS ?? this.#largestTtlS, clockDrift)
      delayMs = Math.max(delayMs, former.sinceMs + outlivedMs - nowMs)
    }
    return delayMs
  }

  #forget(nowMs: number): void {
    // Whoever is older than the first one is gone, and has been dealt with.
    const oldest = this.#stream.first?.fencingToken
    for (const fencingToken of this.#ttls.keys()) {
      if (oldest === undefined || fencingToken < oldest) this.#ttls.delete(fencingToken)
    }
    const outlivedMs = outlivedAfterMs(this.#largestTtlS, mostClockDrift)
    for (const [fencingToken, { sinceMs }] of this.#leaders) {
      if (sinceMs + outlivedMs <= nowMs && this.#largestTtlS > 0) this.#leaders.delete(fencingToken)
    }
  }
}

/** Whether a revision that removes a key also writes one that was there before: nothing but a marked departure does. */
function isMarked(revision: readonly Event[]): boolean {
  return revision.some(
    ({ type, kv }) =>
      type === Event_EventType.PUT && kv !== undefined && kv.createRevision < kv.modRevision,
  )
}

/** Events come in the order of revisions, and several may belong to one. */
function* revisionsOf(events: readonly Event[]): Generator<readonly Event[]> {
  let from = 0
  for (let to = 1; to <= events.length; to++) {
    if (to < events.length && events[to]?.kv?.modRevision === events[from]?.kv?.modRevision)
      continue
    yield events.slice(from, to)
    from = to
  }
}
