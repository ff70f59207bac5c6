// Until when a lease is surely alive, judged from here. Pure: it is told what was sent and answered when.
//
// The rule: a keep-alive was acted on some time between its sending and its answer, so the lease lives for at least
// its TTL from the moment of *sending*. Stamping the answer instead would believe in the lease too long by a whole
// round trip, or by as long as this process was stopped in between.
//
// An answer alone is not enough: a member that led etcd, was paused and resumes acknowledges keep-alives that its
// successor has never heard of (measured on etcd 3.4.23 and 3.5.16, see docs/guarantees.md). An acknowledgement
// therefore counts only once a linearizable read that was sent after it came back with the same raft term: then the
// member that acknowledged still led after it did.

/** One moment on both clocks. The monotonic clock may stand still during suspend, the wall clock may be set. */
export interface Instant {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** An answered keep-alive. */
export interface Acknowledgement {
  readonly sentAt: Instant
  readonly answeredAtMs: number
  readonly raftTerm: bigint
}

export interface Deadline {
  /** For how long one renewal counts, the margin already taken off. */
  readonly validForMs: number
  /** When the last renewal that counts was sent. */
  readonly renewedAt: Instant
  /** Answered, and not yet known to count. */
  readonly unverified: Acknowledgement | undefined
}

/** What is taken off besides drift: etcd's clock ticks and timers are not finer than this. */
const marginMs = 100

/** How long a renewal counts when clocks run at rates that differ by at most `clockDrift` (0.05 = 5 %). */
export function validForMs(ttlS: number, clockDrift: number): number {
  return Math.max(0, ttlS * 1000 * (1 - clockDrift) - marginMs)
}

/** A lease fresh from a grant, which went through etcd's log and needs no verification. */
export function granted(sentAt: Instant, validMs: number): Deadline {
  return { validForMs: validMs, renewedAt: sentAt, unverified: undefined }
}

export function acknowledged(deadline: Deadline, acknowledgement: Acknowledgement): Deadline {
  const { unverified, renewedAt } = deadline
  const newest = unverified?.sentAt ?? renewedAt
  if (acknowledgement.sentAt.monotonicMs <= newest.monotonicMs) return deadline
  return { ...deadline, unverified: acknowledgement }
}

/** A linearizable answer, to whatever question, that was asked at `sentAtMs`. */
export function witnessed(deadline: Deadline, sentAtMs: number, raftTerm: bigint): Deadline {
  const { unverified } = deadline
  if (unverified === undefined) return deadline
  if (sentAtMs < unverified.answeredAtMs || raftTerm !== unverified.raftTerm) return deadline
  return { ...deadline, renewedAt: unverified.sentAt, unverified: undefined }
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

/** The same by the monotonic clock alone, and with renewals not verified yet: how long to go on hoping. */
export function hopeMs(deadline: Deadline, nowMs: number): number {
  const latest = deadline.unverified?.sentAt ?? deadline.renewedAt
  return Math.max(0, latest.monotonicMs + deadline.validForMs - nowMs)
}
