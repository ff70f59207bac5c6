// Makes the key of a candidacy, again and again while that may help, and returns what the state
// machine is told of it.

import { sleepUnlessAborted } from '../base/clock.js'
import { Backoff } from '../base/backoff.js'
import { ElectError, SessionLostError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Lease } from '../lease/lease.js'
import type { CandidateName } from './candidate-name.js'
import type { Input } from './machine.js'
import { type Candidacy, join } from './requests.js'
import type { RosterSubscription } from './roster-feed.js'

/** What joining needs of the candidate that joins. */
export interface Joiner {
  readonly api: EtcdApi
  readonly election: string
  readonly name: CandidateName
  /** The session's lease, or a new one, which the candidate depends on from then on. */
  takeLease(signal: AbortSignal): Promise<Lease>
  subscribe(): RosterSubscription
  /** The request may still be on its way, and make a key on this lease later. */
  expectLateJoin(lease: Lease): void
}

export interface JoinOptions {
  /** Tries for as long as it takes, because this campaign had a key before. */
  readonly patient: boolean
  readonly signal: AbortSignal
}

/** One attempt to join. */
interface Attempt {
  lease: Lease | undefined
  /** How often the request was sent, without those that etcd refused and that had no effect. */
  sent: number
  /** The renewal that the answer may confirm: the one that was unconfirmed at the last sending. */
  unconfirmed: Lease['unconfirmed']
}

/** Returns undefined once `signal` is aborted: nobody waits for an answer then. */
export async function joinElection(
  joiner: Joiner,
  { patient, signal }: JoinOptions,
): Promise<Input | undefined> {
  const backoff = new Backoff(joiner.api.random, 50, 2_000)
  let sentBefore = false
  for (;;) {
    const attempt: Attempt = { lease: undefined, sent: 0, unconfirmed: undefined }
    try {
      return { is: 'joined', candidacy: await joinOnce(joiner, attempt, signal) }
    } catch (error) {
      const { lease, sent } = attempt
      if (lease !== undefined && sent > 0) joiner.expectLateJoin(lease)
      if (signal.aborted) return undefined
      const isLost = error instanceof SessionLostError
      if (isLost) lease?.end('revoked')
      if (!isRetryable(error) || !(patient || isLost)) {
        // The refused attempt made no key. An earlier one may have.
        const mayHaveJoined = sentBefore || sent > (isRefusal(error) ? 1 : 0)
        return { is: 'joinFailed', mayHaveJoined, error }
      }
      sentBefore ||= sent > 0
      if (!(await sleepUnlessAborted(joiner.api.clock, backoff.nextMs(), signal))) return undefined
    }
  }
}

async function joinOnce(joiner: Joiner, attempt: Attempt, signal: AbortSignal): Promise<Candidacy> {
  const { api, election, name } = joiner
  const lease = await joiner.takeLease(signal)
  attempt.lease = lease
  const subscription = joiner.subscribe()
  const askedAt = subscription.mark()
  const joined = await join(api, election, lease.id, name.wanted, {
    signal,
    onSend: () => {
      attempt.sent += 1
      attempt.unconfirmed = lease.unconfirmed
    },
    onRefused: () => {
      attempt.sent -= 1
    },
  })
  if (attempt.sent > 1) joiner.expectLateJoin(lease)
  lease.confirm(attempt.unconfirmed, joined.snapshot.raftTerm)
  await name.joined(joined, lease, signal)
  if (lease.loss !== undefined) throw new SessionLostError('the lease was lost while joining')
  signal.throwIfAborted()
  subscription.seed(joined.snapshot, askedAt)
  return joined.candidacy
}

function isRetryable(error: unknown): boolean {
  return error instanceof ElectError && error.retryable
}

function isRefusal(error: unknown): boolean {
  return error instanceof ElectError && !error.retryable
}
