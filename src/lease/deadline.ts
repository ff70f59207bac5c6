// Until when a lease is surely alive, judged from here. Pure: it is told what was sent and answered when.
//
// The rule: a keep-alive was acted on some time between its sending and its answer, so the lease lives for at least
// its TTL from the moment of *sending*. Stamping the answer instead would believe in the lease too long by a whole
// round trip, or by as long as this process was stopped in between.
//
// An answer alone is not enough: a member that led etcd, was paused and resumes acknowledges keep-alives that its
// successor has never heard of (measured on etcd 3.4.23 and 3.5.16, see docs/guarantees.md). An acknowledgement
// therefore counts only once a linearizable read that was sent after it came back with the same raft term: then the
// member that acknowledged still led after it did. "After" is a matter of order and not of clocks, which may show the same
// instant for both: a reading is tied at its sending to the acknowledgement that waits for one then.

/** One moment on both clocks. The monotonic clock may stand still during suspend, the wall clock may be set. */
export interface Instant {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** An answered keep-alive. */
export interface Acknowledgement {
  readonly sentAt: Instant
  readonly raftTerm: bigint
}

export interface Deadline {
  /** For how long one renewal counts, the margin already taken off. */
  readonly validForMs: number
  /** When the last renewal that counts was sent. */
  readonly renewedAt: Instant
  /** Answered, and not yet known to count. */
  readonly unconfirmed: Acknowledgement | undefined
}

/** What is taken off besides drift: etcd's clock ticks and timers are not finer than this. */
const marginMs = 100

/** How long a renewal counts when clocks run at rates that differ by at most `clockDrift` (0.05 = 5 %). */
export function validForMs(ttlS: number, clockDrift: number): number {
  return Math.max(0, ttlS * 1000 * (1 - clockDrift) - marginMs)
}

/**
 * How long after a moment nobody believes any more because of a renewal that was sent before it, whoever's clock is fast
 * and whoever's is slow.
 */
export function outlivedAfterMs(ttlS: number, clockDrift: number): number {
  return ttlS * 1000 * (1 + clockDrift) + marginMs
}

/** A lease fresh from a grant, which went through etcd's log and needs no verification. */
export function afterGrant(sentAt: Instant, validMs: number): Deadline {
  return { validForMs: validMs, renewedAt: sentAt, unconfirmed: undefined }
}

/** Of no election: nothing confirms what came with it. */
const noRaftTerm = -1n

/**
 * A lease that was renewed by others, with so much of it left at that instant as far as a member knows, which may be
 * behind. It is hoped for until then, and counts from the first renewal of our own that is confirmed.
 */
export function afterAdoption(asked: Instant, validMs: number, leftMs: number): Deadline {
  // A renewal that is sent at the same instant is a later one.
  const agoMs = Math.max(1, validMs - leftMs)
  const sentAt = { monotonicMs: asked.monotonicMs - agoMs, wallMs: asked.wallMs - agoMs }
  return {
    validForMs: validMs,
    renewedAt: { monotonicMs: -Infinity, wallMs: -Infinity },
    unconfirmed: { sentAt, raftTerm: noRaftTerm },
  }
}

export function afterAcknowledgement(
  deadline: Deadline,
  acknowledgement: Acknowledgement,
): Deadline {
  const { unconfirmed, renewedAt } = deadline
  const newest = unconfirmed?.sentAt ?? renewedAt
  if (acknowledgement.sentAt.monotonicMs <= newest.monotonicMs) return deadline
  return { ...deadline, unconfirmed: acknowledgement }
}

/**
 * A linearizable answer, to whatever question.
 *
 * @param waiting the acknowledgement that was unverified when the question was sent: the only one it can confirm.
 */
export function confirm(
  deadline: Deadline,
  waiting: Acknowledgement | undefined,
  raftTerm: bigint,
): Deadline {
  if (waiting === undefined || raftTerm !== waiting.raftTerm) return deadline
  if (waiting.sentAt.monotonicMs <= deadline.renewedAt.monotonicMs) return deadline
  const unconfirmed = deadline.unconfirmed === waiting ? undefined : deadline.unconfirmed
  return { ...deadline, renewedAt: waiting.sentAt, unconfirmed }
}

/** Of two that are both true of one lease, what the two say together. */
export function merge(a: Deadline, b: Deadline): Deadline {
  const { renewedAt } = later(a, b, ({ renewedAt: at }) => at)
  const { unconfirmed } = later(a, b, ({ unconfirmed: waiting }) => waiting?.sentAt)
  const waits = unconfirmed !== undefined && isLater(unconfirmed.sentAt, renewedAt)
  return { ...a, renewedAt, unconfirmed: waits ? unconfirmed : undefined }
}

function later(
  a: Deadline,
  b: Deadline,
  of: (deadline: Deadline) => Instant | undefined,
): Deadline {
  const [inA, inB] = [of(a), of(b)]
  return inB !== undefined && (inA === undefined || isLater(inB, inA)) ? b : a
}

function isLater(a: Instant, b: Instant): boolean {
  return a.monotonicMs > b.monotonicMs
}

/** How long from `now` the lease is surely alive; 0 when that is over. */
export function remainingMs(deadline: Deadline, now: Instant): number {
  const { renewedAt, validForMs: valid } = deadline
  const monotonic = renewedAt.monotonicMs + valid - now.monotonicMs
  // A wall clock that ran ahead may mean that the machine slept: then the lease is older than it seems.
  // One that was set back says nothing, and the monotonic clock alone decides.
  const wall = renewedAt.wallMs + valid - now.wallMs
  return Math.max(0, Math.min(monotonic, wall))
}

/**
 * Whether only the wall clock says that it is over. Either the machine slept, or the clock was set: etcd knows which.
 */
export function isDoubtful(deadline: Deadline, now: Instant): boolean {
  const { renewedAt, validForMs: valid, unconfirmed } = deadline
  const byMonotonicClock = renewedAt.monotonicMs + valid - now.monotonicMs
  return unconfirmed === undefined && byMonotonicClock > 0 && remainingMs(deadline, now) === 0
}

/** The same by the monotonic clock alone, and with renewals not verified yet: how long to go on hoping. */
export function possiblyRemainingMs(deadline: Deadline, nowMs: number): number {
  const latest = deadline.unconfirmed?.sentAt ?? deadline.renewedAt
  return Math.max(0, latest.monotonicMs + deadline.validForMs - nowMs)
}
