// A candidate in an election, as users call it. It turns what its election driver reports into
// promises and leaderships. election/machine.ts decides who leads, and nothing else does.

import {
  CampaignPendingError,
  ClosedError,
  InvalidArgumentError,
  NoLeaderError,
  NotLeaderError,
} from '../base/errors.js'
import { waitOrAbort, checkWait, type WaitOptions } from '../base/wait.js'
import { ElectionDriver } from '../election/driver.js'
import { checkName } from '../election/keys.js'
import { LockDelay } from '../election/lock-delay.js'
import type { LeadershipEnd } from '../election/machine.js'
import { type Candidacy, readLeader } from '../election/requests.js'
import type { CandidateInfo } from '../election/roster.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Etcd } from '../etcd/client.js'
import { checkLead, lead, type LeadOptions } from './lead.js'
import { Leadership } from './leadership.js'
import {
  type CampaignOptions,
  type CandidateOptions,
  checkCampaign,
  checkCandidateOptions,
  refuseSessionOptions,
} from './options.js'
import type { Lease } from '../lease/lease.js'
import { Session } from '../session/session.js'
import type { SessionOptions } from '../session/options.js'

interface Campaign {
  resolve(leadership: Leadership): void
  reject(error: unknown): void
}

/**
 * One candidate in one election.
 *
 * The constructor does no I/O. A candidate may campaign, resign and campaign again any number of
 * times until it is closed.
 *
 * @example
 * const candidate = new Candidate(etcd, { election: 'nightly-report', name: 'web-1', ttl: 5 })
 * await candidate.lead(async (leadership) => {
 *   await report({ signal: leadership.signal, token: leadership.fencingToken })
 * }, { signal: shutdown.signal })
 * await candidate.close()
 */
export class Candidate {
  readonly #election: string
  readonly #session: Session
  readonly #ownsSession: boolean
  readonly #lockDelay: boolean
  readonly #driver: ElectionDriver
  #name: string
  #leadership: Leadership | undefined
  #campaign: Campaign | undefined
  #proclaiming: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  /**
   * @param on an `Etcd` client, for a session of the candidate's own, or a `Session` that it shares
   * with other candidates.
   * @throws InvalidArgumentError naming the first option that is unknown or wrong.
   */
  constructor(on: Etcd | Session, options: CandidateOptions) {
    const { election, name, lockDelay, ofSession } = checkCandidateOptions(options)
    this.#election = election
    this.#name = name
    this.#lockDelay = lockDelay
    this.#ownsSession = !(on instanceof Session)
    if (on instanceof Session) refuseSessionOptions(ofSession)
    this.#session = on instanceof Session ? on : new Session(on, ofSession as SessionOptions)
    const { api, clockDrift } = this.#session
    this.#driver = new ElectionDriver(
      {
        api,
        election: this.#election,
        session: this.#session,
        lockDelay: lockDelay ? new LockDelay(api.clock, clockDrift) : undefined,
      },
      {
        elected: (candidacy, lease) => {
          this.#elected(candidacy, lease)
        },
        ended: (end, lease) => {
          this.#ended(end, lease)
        },
        failed: (error) => {
          this.#settleCampaign()?.reject(error)
        },
      },
    )
  }

  /** The name of the election. */
  get election(): string {
    return this.#election
  }

  /**
   * The name that others see. Changes with `campaign({ name })`, and when a proclamation is known
   * to have succeeded.
   */
  get name(): string {
    return this.#name
  }

  /** The etcd key of the current candidacy, waiting or leading; `''` when there is none. */
  get term(): string {
    return this.#driver.candidacy?.term ?? ''
  }

  /** The current leadership; undefined when this candidate does not lead. */
  get leadership(): Leadership | undefined {
    return this.#leadership
  }

  /** The session that the candidate's key lives on. */
  get session(): Session {
    return this.#session
  }

  /**
   * Opens the session now rather than at the first campaign.
   *
   * @throws as {@link Session.open}.
   */
  async init(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    await this.#session.open({ signal })
    await this.#driver.prepare(signal)
  }

  /**
   * Waits until this candidate is elected. When it leads already, resolves at once with its
   * leadership.
   *
   * While it waits, the candidate replaces a lost lease or key, at the back of the queue, and waits
   * for an etcd that is away. `signal` bounds the wait: when it is aborted, the candidacy is given
   * up, its key is removed in the background, and it can no longer be elected. A term once won
   * outlives the signal.
   *
   * The leadership may have ended by the time the caller looks at it: `leadership.isValid()` tells.
   *
   * @throws `signal.reason`; CampaignPendingError when an earlier call still waits; ClosedError;
   * AlreadyACandidateError when the session has another candidate in this election; any other
   * {@link ElectError} when etcd could not be asked to take the candidacy, within the client's
   * `callTimeoutMs`. No key is left behind in any of these cases.
   */
  async campaign(options: CampaignOptions = {}): Promise<Leadership> {
    const { signal, name: asName = this.#name } = checkCampaign(options)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    if (this.#leadership !== undefined) return this.#leadAs(asName, this.#leadership, signal)
    if (this.#campaign !== undefined) {
      throw new CampaignPendingError(
        `this candidate of '${this.#election}' campaigns already: await that campaign, or abort its signal first`,
      )
    }
    this.#driver.takePlace()
    let campaign: Campaign | undefined
    const abort = (): void => {
      // Won in this very turn: a term once won outlives the signal.
      if (this.#campaign !== campaign) return
      this.#settleCampaign()?.reject(signal?.reason)
      this.#driver.withdraw('resigned')
    }
    try {
      return await new Promise<Leadership>((resolve, reject) => {
        campaign = { resolve, reject }
        this.#campaign = campaign
        signal?.addEventListener('abort', abort, { once: true })
        this.#name = asName
        this.#driver.campaign(asName)
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Runs `work` whenever the candidate is elected, and campaigns again after each term, until
   * `signal` is aborted or the candidate is closed; then it resolves. While etcd is away it keeps
   * trying in silence: `init()` tells whether etcd is there. docs/lifecycle.md says what happens to
   * the work in each case.
   *
   * To be called once at a time: while the candidate leads, a second call runs its work in the same
   * term.
   *
   * @param work is given the leadership, and should stop soon after `leadership.signal` is aborted.
   * When it ends while the candidate still leads, the leadership is given up.
   * @throws what `work` throws while the candidate leads, or `onStop`; ClosedError when the
   * candidate is closed already; any other {@link ElectError} that a retry cannot fix.
   */
  async lead(work: (leadership: Leadership) => unknown, options: LeadOptions = {}): Promise<void> {
    if (typeof (work as unknown) !== 'function') {
      throw new InvalidArgumentError('work', 'expected a function', work)
    }
    const checked = checkLead(options, this.#session.ttl)
    this.#throwIfClosed()
    if (this.#session.isClosed) throw new ClosedError('its session is closed: make a new candidate')
    if (this.#session.api.isClosed) throw new ClosedError('the Etcd client was closed')
    await lead(this, this.#session.api, work, checked)
  }

  /**
   * Changes the name that others see. Only the leader can.
   *
   * @throws NotLeaderError when this candidate does not lead, and then nothing is changed; any
   * other {@link ElectError} when etcd did not confirm: the name may or may not have changed.
   */
  async proclaim(name: string, options: WaitOptions = {}): Promise<void> {
    checkName(name)
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    const leadership = this.#leadership
    // One after the other, so that the last name is the one that stays.
    const turn = this.#proclaiming.then(() => this.#proclaim(name, leadership, signal))
    this.#proclaiming = turn.catch(() => undefined)
    await waitOrAbort(turn, signal)
  }

  /**
   * Asks etcd who leads (a linearizable read). With `lockDelay`, a new leader is named while it
   * still waits for the former leader to stop.
   *
   * @throws NoLeaderError when the election has no leader; `signal.reason`; ClosedError; any other
   * {@link ElectError} when etcd does not answer within the client's `callTimeoutMs`.
   */
  async leader(options: WaitOptions = {}): Promise<CandidateInfo> {
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    const leader = await readLeader(this.#session.api, this.#election, { signal })
    if (leader === undefined) throw new NoLeaderError(`nobody leads '${this.#election}'`)
    return leader
  }

  /**
   * Asks etcd whether this candidate leads (a linearizable read). False at once when this process
   * knows that it does not. `leadership.isValid()` tells without the network.
   *
   * @throws `signal.reason`; ClosedError; any other {@link ElectError} when etcd does not answer
   * within the client's `callTimeoutMs`, which says nothing about who leads.
   */
  async isLeader(options: WaitOptions = {}): Promise<boolean> {
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    const leadership = this.#leadership
    if (leadership === undefined) return false
    const leader = await readLeader(this.#session.api, this.#election, { signal })
    return (
      leader?.term === leadership.term &&
      leader.fencingToken === leadership.fencingToken &&
      this.#leadership === leadership
    )
  }

  /**
   * Gives the leadership up. No effect and no error when this candidate does not lead. `isValid()`
   * is false from the call on; when the call resolves, the key is gone and the next candidate
   * leads. The candidate may campaign again.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd did not confirm in time: the key is
   * still being removed in the background, and another call waits for that.
   */
  async resign(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    if (this.#leadership !== undefined) {
      this.#driver.withdraw('resigned')
    }
    await waitOrAbort(this.#driver.left(), signal)
  }

  /**
   * Leaves the election for good and, with a session of its own, revokes the lease. A pending
   * `campaign()` rejects with {@link ClosedError}, as do later calls. May be called more than once.
   *
   * @throws an {@link ElectError} when etcd did not confirm in time. The candidate is closed all
   * the same. Its key is still being removed in the background, until the lease has run out by
   * itself.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.#settleCampaign()?.reject(this.#closedError())
    if (!this.#ownsSession) {
      await this.#leave()
      return
    }
    // A revoked lease does not say why it is gone. With `lockDelay` the next leader would wait for
    // it, so the candidate leaves first: that says that it left on purpose.
    if (this.#lockDelay) await this.#leave().catch(() => undefined)
    await this.#session.close()
  }

  async #leave(): Promise<void> {
    this.#driver.withdraw('closed')
    this.#driver.release()
    await this.#driver.left()
  }

  /** A leader needs no campaign, unless its term ends while it proclaims its other name. */
  async #leadAs(
    name: string,
    leadership: Leadership,
    signal: AbortSignal | undefined,
  ): Promise<Leadership> {
    if (name === this.#name) return leadership
    await this.proclaim(name, { signal })
    return this.#leadership === leadership ? leadership : this.campaign({ name, signal })
  }

  /** Proclaims in the term of the call only: a later term has its own name. */
  async #proclaim(
    name: string,
    leadership: Leadership | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const leads = leadership !== undefined && leadership === this.#leadership
    if (!leads || !(await this.#driver.proclaim(name, signal))) {
      throw new NotLeaderError(
        `only the leader can proclaim, and '${this.#name}' does not lead '${this.#election}'`,
      )
    }
    this.#name = name
  }

  #elected(candidacy: Candidacy, lease: Lease): void {
    const leadership = new Leadership(this, candidacy, lease)
    this.#leadership = leadership
    this.#settleCampaign()?.resolve(leadership)
  }

  #ended(end: LeadershipEnd, lease: Lease): void {
    const leadership = this.#leadership
    this.#leadership = undefined
    leadership?.end(end, end === 'deleted' ? whyDeleted(this.#session.api, lease) : undefined)
  }

  #settleCampaign(): Campaign | undefined {
    const campaign = this.#campaign
    this.#campaign = undefined
    return campaign
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined) throw this.#closedError()
  }

  #closedError(): ClosedError {
    return new ClosedError(`this candidate of '${this.#election}' is closed: make a new one`)
  }
}

/** A key can be gone alone or together with its lease. Only etcd knows. */
async function whyDeleted(api: EtcdApi, lease: Lease): Promise<LeadershipEnd> {
  try {
    const { TTL } = await api.leaseTimeToLive(lease.id)
    if (TTL > 0n) return 'deleted'
    lease.end('revoked')
    return 'revoked'
  } catch {
    return 'deleted'
  }
}
