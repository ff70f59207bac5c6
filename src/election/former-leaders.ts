// The former leaders that may still believe they lead although their key is gone: the leaders that
// a new leader has to outwait (`lockDelay`). Pure: told what the watch showed, and when.
//
// A key that is gone does not say why. A leader that leaves on purpose marks it: the transaction
// that removes its key also writes the next candidate's key, unchanged, and the watch shows both in
// one revision. Every unmarked end counts as one that the leader may not know of, also that of a
// peer that makes no marks.

import type { Event } from '../etcd/wire/gen/kv_pb.js'
import { Event_EventType } from '../etcd/wire/gen/kv_pb.js'
import { maxClockDrift, outlivedAfterMs } from '../lease/deadline.js'
import { Roster } from './roster.js'

/** May still believe that it leads, because of a renewal that it sent up to this moment. */
interface FormerLeader {
  readonly sinceMs: number
  /** Undefined when the lease was gone before its TTL could be asked for. */
  readonly ttlS: number | undefined
}

/** Stands for all leaders from before the watch began. No key has this token. */
const unseen = 0n

export class FormerLeaders {
  /**
   * The election as the watch shows it, without a gap since it began. A list that is read meanwhile
   * may be ahead of the watch, and would hide how its missing candidates left.
   */
  #stream = new Roster()
  readonly #leaders = new Map<bigint, FormerLeader>()
  /** Keys not gone yet, of candidates that are known to believe in them no longer. */
  readonly #vouchedFor = new Map<string, bigint>()
  readonly #ttls = new Map<bigint, number>()
  #largestTtlS = 0

  /** The watch begins, or begins again after a gap: the leaders before it are not known. */
  begin(roster: Roster, nowMs: number): void {
    this.#stream = roster.copy()
    this.#leaders.set(unseen, { sinceMs: nowMs, ttlS: undefined })
  }

  /** Takes in what the watch showed next. Returns whether anything was new. */
  apply(events: readonly Event[], nowMs: number): boolean {
    let isNew = false
    for (const revision of revisionsOf(events)) {
      const { first } = this.#stream
      if (!this.#stream.apply(revision)) continue
      isNew = true
      // Only the oldest candidate can believe that it leads.
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
    return isNew
  }

  /** A candidate of this process knows that its candidacy is over. */
  vouchFor(term: string, fencingToken: bigint): void {
    if (!this.#leaders.delete(fencingToken)) this.#vouchedFor.set(term, fencingToken)
  }

  /** The granted TTL of a candidacy's lease. */
  learn(fencingToken: bigint, ttlS: number): void {
    this.#ttls.set(fencingToken, ttlS)
    this.#largestTtlS = Math.max(this.#largestTtlS, ttlS)
  }

  knows(fencingToken: bigint): boolean {
    return this.#ttls.has(fencingToken)
  }

  /**
   * How long the candidate with this token has to wait until no former leader can believe in its
   * term any more; Infinity while the watch does not show the candidate as the first.
   *
   * @param ttlS of this candidate's own lease; stands in for a TTL that is not known.
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
    // Candidates older than the first are gone, and have been dealt with.
    const oldest = this.#stream.first?.fencingToken
    for (const fencingToken of this.#ttls.keys()) {
      if (oldest === undefined || fencingToken < oldest) this.#ttls.delete(fencingToken)
    }
    const outlivedMs = outlivedAfterMs(this.#largestTtlS, maxClockDrift)
    for (const [fencingToken, { sinceMs }] of this.#leaders) {
      if (sinceMs + outlivedMs <= nowMs && this.#largestTtlS > 0) this.#leaders.delete(fencingToken)
    }
  }
}

/** Whether a revision that removes a key also writes an existing one: only a marked leave does. */
function isMarked(revision: readonly Event[]): boolean {
  return revision.some(
    ({ type, kv }) =>
      type === Event_EventType.PUT && kv !== undefined && kv.createRevision < kv.modRevision,
  )
}

/** Splits events, which come in the order of revisions, by revision. */
function* revisionsOf(events: readonly Event[]): Generator<readonly Event[]> {
  let from = 0
  for (let to = 1; to <= events.length; to++) {
    if (to < events.length && events[to]?.kv?.modRevision === events[from]?.kv?.modRevision)
      continue
    yield events.slice(from, to)
    from = to
  }
}
