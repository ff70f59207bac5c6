// Decides until when a lease surely lives, as far as this process can know. Pure: what was sent and
// answered when goes in, the deadline comes out.
//
// The rule: etcd acts on a keep-alive some time between its sending and its answer, so the lease
// lives for at least its TTL from the moment of *sending*. To count from the answer would be too
// long by a whole round trip, or by as long as this process was stopped in between.
//
// An answer alone is not enough: a member that led etcd, was paused and resumes acknowledges
// keep-alives that its successor never got (measured on etcd 3.4.23 and 3.5.16, see
// docs/guarantees.md). So an acknowledgement counts only once a linearizable read, sent after it,
// came back with the same raft term: the member that acknowledged then still led after it did.
// "After" is a matter of order and not of clocks, which may show the same instant for both. So each
// read is tied, when it is sent, to the acknowledgement that is unconfirmed at that moment.

/**
 * One moment on both clocks. The monotonic clock may stand still while the computer is suspended,
 * and the wall clock may be set.
 */
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
  /** How long one renewal counts, with drift and margin already taken off. */
  readonly validForMs: number
  /** When the last renewal that counts was sent. */
  readonly renewedAt: Instant
  /** The last acknowledgement, if it is not known to count. */
  readonly unconfirmed: Acknowledgement | undefined
}

/** Taken off besides drift: etcd's clock ticks and timers are not finer than this. */
const marginMs = 100

/** The largest `clockDrift` that a session takes. */
export const maxClockDrift = 0.5

/**
 * How long a renewal counts if the clocks' rates differ by at most `clockDrift` (0.05 means 5 %).
 */
export function validForMs(ttlS: number, clockDrift: number): number {
  return Math.max(0, ttlS * 1000 * (1 - clockDrift) - marginMs)
}

/**
 * How long after a moment no process still believes in its lease by a renewal that it sent before
 * that moment, whichever clock is fast and whichever is slow.
 */
export function outlivedAfterMs(ttlS: number, clockDrift: number): number {
  return ttlS * 1000 * (1 + clockDrift) + marginMs
}

/** The deadline after a grant. A grant goes through etcd's log and needs no confirmation. */
export function afterGrant(sentAt: Instant, validMs: number): Deadline {
  return { validForMs: validMs, renewedAt: sentAt, unconfirmed: undefined }
}

/** No raft term equals this one, so that nothing confirms what carries it. */
const noRaftTerm = -1n

/**
 * The deadline of a lease that another process renewed until now. It counts from the first renewal
 * of this process that is confirmed. Until then the lease is only assumed to live.
 *
 * @param leftMs what is left of the lease at `asked`, as a member knows it, which may be behind.
 */
export function afterAdoption(asked: Instant, validMs: number, leftMs: number): Deadline {
  // A renewal that is sent at the same instant counts as a later one.
  const agoMs = Math.max(1, validMs - leftMs)
  const sentAt = { monotonicMs: asked.monotonicMs - agoMs, wallMs: asked.wallMs - agoMs }
  return {
    validForMs: validMs,
    renewedAt: { monotonicMs: -Infinity, wallMs: -Infinity },
    unconfirmed: { sentAt, raftTerm: noRaftTerm },
  }
}

/** The deadline after a keep-alive was answered. Answers to older keep-alives change nothing. */
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
 * The deadline after a linearizable request was answered.
 *
 * @param waiting the acknowledgement that was unconfirmed when the request was sent: the only one
 * that the answer can confirm.
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

/** Merges two deadlines that are both true of one lease: the later instants count. */
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

/** How long from `now` the lease surely lives; 0 when that is over. */
export function remainingMs(deadline: Deadline, now: Instant): number {
  const { renewedAt, validForMs: valid } = deadline
  const monotonic = renewedAt.monotonicMs + valid - now.monotonicMs
  // A wall clock that is ahead may mean that the computer slept: then the lease is older than it
  // seems. A wall clock that was set back means nothing, and the monotonic clock alone decides.
  const wall = renewedAt.wallMs + valid - now.wallMs
  return Math.max(0, Math.min(monotonic, wall))
}

/**
 * Whether only the wall clock says that the lease is over. Either the computer slept, or the clock
 * was set: etcd knows which.
 */
export function isDoubtful(deadline: Deadline, now: Instant): boolean {
  const { renewedAt, validForMs: valid, unconfirmed } = deadline
  const byMonotonicClock = renewedAt.monotonicMs + valid - now.monotonicMs
  return unconfirmed === undefined && byMonotonicClock > 0 && remainingMs(deadline, now) === 0
}

/**
 * How long the lease may still live: like {@link remainingMs}, but by the monotonic clock alone,
 * and counting a renewal that is not confirmed yet.
 */
export function possiblyRemainingMs(deadline: Deadline, nowMs: number): number {
  const latest = deadline.unconfirmed?.sentAt ?? deadline.renewedAt
  return Math.max(0, latest.monotonicMs + deadline.validForMs - nowMs)
}
