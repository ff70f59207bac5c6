// One contender in an election: what a user calls. It turns what the contender tells into promises and leaderships.
// It must not decide who leads (election/machine.ts does).

import {
  CampaignPendingError,
  ClosedError,
  InvalidArgumentError,
  NoLeaderError,
  NotLeaderError,
} from '../base/errors.js'
import { waitOrAbort, checkWait, type WaitOptions } from '../base/wait.js'
import { ElectionDriver } from '../election/driver.js'
import { checkElection, checkName } from '../election/keys.js'
import { LockDelay } from '../election/lock-delay.js'
import type { LeadershipEnd } from '../election/machine.js'
import { type Candidacy, readLeader } from '../election/requests.js'
import type { CandidateInfo } from '../election/roster.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Etcd } from '../etcd/client.js'
import { checkLead, lead, type LeadOptions } from './lead.js'
import { Leadership } from './leadership.js'
import type { Lease } from '../lease/lease.js'
import { Session } from '../session/session.js'
import type { SessionOptions } from '../session/options.js'

/** Options of the candidate's own session, as in `SessionOptions`. Not allowed with a `Session`, which has its own. */
type OwnSessionOptions = Partial<
  Pick<SessionOptions, 'clockDrift' | 'guardian' | 'renewal' | 'maxStallMs' | 'healthy'>
>

const ofTheSession = [
  ...(['ttl', 'clockDrift', 'guardian', 'renewal', 'maxStallMs', 'healthy'] as const),
]

/** The options of {@link Candidate}. */
export interface CandidateOptions extends OwnSessionOptions {
  /** What is contested. The same for all candidates that contest it. */
  readonly election: string
  /** How others see this candidate. Need not be unique; a host name serves well. */
  readonly name: string
  /**
   * The TTL of the candidate's own session, in whole seconds: so long may it take until another candidate takes over
   * from a process that died. Required with an `Etcd`, not allowed with a `Session`, which has one.
   */
  readonly ttl?: number | undefined
  /**
   * Whether to wait, when elected, until nobody who led before can believe it any more, even if etcd ended its lease too
   * early: its TTL and a margin, unless it is known to have left on purpose. Default false. To be set on all candidates of
   * the election; see docs/guarantees.md.
   */
  readonly lockDelay?: boolean | undefined
}

/** The options of `candidate.campaign()`. */
export interface CampaignOptions extends WaitOptions {
  /** Another name for this candidacy. One that leads already proclaims it. */
  readonly name?: string | undefined
}

interface Campaign {
  resolve(leadership: Leadership): void
  reject(error: unknown): void
}

/**
 * One contender in an election.
 *
 * Making one does no I/O. It may campaign, resign and campaign again any number of times until it is closed.
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
   * @param on an `Etcd` client, for a session of the candidate's own, or a `Session` shared with other candidates.
   * @throws InvalidArgumentError naming the option, what was expected and what came.
   */
  constructor(on: Etcd | Session, options: CandidateOptions) {
    if (typeof (options as unknown) !== 'object' || (options as unknown) === null) {
      const expected =
        "expected an object like { election: 'nightly-report', name: 'web-1', ttl: 5 }"
      throw new InvalidArgumentError('options', expected, options)
    }
    this.#election = checkElection(options.election)
    this.#name = checkName(options.name)
    this.#ownsSession = !(on instanceof Session)
    this.#session = on instanceof Session ? on : ownSession(on, options)
    const option = ofTheSession.find((name) => options[name] !== undefined)
    if (!this.#ownsSession && option !== undefined) {
      throw new InvalidArgumentError(
        option,
        'expected nothing: it is the session’s',
        options[option],
      )
    }
    const { lockDelay = false } = options
    if (typeof (lockDelay as unknown) !== 'boolean') {
      throw new InvalidArgumentError('lockDelay', 'expected true or false', lockDelay)
    }
    this.#lockDelay = lockDelay
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

  /** What is contested. */
  get election(): string {
    return this.#election
  }

  /** How others see this candidate. Changes with `campaign({ name })`, and when a proclamation is known to have succeeded. */
  get name(): string {
    return this.#name
  }

  /** The etcd key of the present candidacy, waiting or leading; `''` when not a candidate. */
  get term(): string {
    return this.#driver.candidacy?.term ?? ''
  }

  /** The present leadership, or undefined when not the leader. */
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
   * Waits until this candidate is elected; on one that leads, resolves at once with the leadership it has.
   *
   * While it waits, a lost lease or key is made again, at the back of the queue, and an etcd that is away is waited for.
   * `signal` bounds the wait: when it is aborted, the candidacy is given up, its key is removed in the background, and
   * no election can come from it. A term once won outlives the signal. It does not guarantee that the leadership is
   * still valid when one looks at it: `leadership.isValid()` does.
   *
   * @throws `signal.reason`; CampaignPendingError when an earlier call still waits; ClosedError; AlreadyACandidateError
   * when the session has another candidate in this election; any other {@link ElectError} when etcd could not be asked
   * to take the candidacy, within the client's `callTimeoutMs`. No key is left behind in any of these cases.
   */
  async campaign(options: CampaignOptions = {}): Promise<Leadership> {
    const { signal, name } = checkWait(options)
    const asName = name === undefined ? this.#name : checkName(name)
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
      // Won in this very turn: what is won outlives the signal.
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
   * Runs `work` whenever elected, and campaigns again after each term, until `signal` is aborted or the candidate is
   * closed; then it resolves. While etcd is away it keeps trying and says nothing: `init()` tells whether etcd is there.
   * See docs/lifecycle.md for what happens to the work in each case.
   *
   * To be called once at a time: while the candidate leads, a second call runs its work in the same term.
   *
   * @param work is given the leadership and should stop soon after `leadership.signal` is aborted. When it ends while
   * still leading, the leadership is given up.
   * @throws what the work throws while it leads, or `onStop`; ClosedError when the candidate is closed already; any other
   * {@link ElectError} that retrying cannot fix.
   */
  async lead(work: (leadership: Leadership) => unknown, options: LeadOptions = {}): Promise<void> {
    if (typeof (work as unknown) !== 'function') {
      throw new InvalidArgumentError('work', 'expected a function', work)
    }
    const checked = checkLead(checkWait(options), this.#session.ttl)
    this.#throwIfClosed()
    if (this.#session.isClosed) throw new ClosedError('its session is closed: make a new candidate')
    if (this.#session.api.isClosed) throw new ClosedError('the Etcd client was closed')
    await lead(this, this.#session.api, work, checked)
  }

  /**
   * Changes the name that others see, which only the leader can.
   *
   * @throws NotLeaderError when not the leader, and nothing is changed then; any other {@link ElectError} when etcd did
   * not confirm: the name may or may not have changed.
   */
  async proclaim(name: string, options: WaitOptions = {}): Promise<void> {
    checkName(name)
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    const leadership = this.#leadership
    // One after the other, so that the last name asked for is the one that stays.
    const turn = this.#proclaiming.then(() => this.#proclaim(name, leadership, signal))
    this.#proclaiming = turn.catch(() => undefined)
    await waitOrAbort(turn, signal)
  }

  /**
   * Who leads, asked of etcd (a linearizable read). `revision` is the leader's fencing token. With `lockDelay`, one who
   * still waits for the former leader to stop is named already.
   *
   * @throws NoLeaderError when nobody does; `signal.reason`; ClosedError; any other {@link ElectError} when etcd does not
   * answer within the client's `callTimeoutMs`.
   */
  async leader(options: WaitOptions = {}): Promise<CandidateInfo> {
    const { signal } = checkWait(options)
    this.#throwIfClosed()
    const leader = await readLeader(this.#session.api, this.#election, { signal })
    if (leader === undefined) throw new NoLeaderError(`nobody leads '${this.#election}'`)
    return leader
  }

  /**
   * Whether this candidate leads, asked of etcd (a linearizable read); false at once when this process knows that it does
   * not. Without the network: `leadership.isValid()`.
   *
   * @throws `signal.reason`; ClosedError; any other {@link ElectError} when etcd does not answer within the client's
   * `callTimeoutMs`, which says nothing about who leads.
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
   * Gives the leadership up; no effect and no error when not the leader. From the call on, `isValid()` is false; when it
   * resolves, the key is gone and the next candidate leads. It may campaign again.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd did not confirm in time: removing the key goes on in the
   * background, and calling again waits for that.
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
   * Leaves the election for good; with a session of its own, gives the lease back. A pending `campaign()` rejects with
   * {@link ClosedError}, as do later ones. May be called more than once.
   *
   * @throws an {@link ElectError} when etcd did not confirm in time. The candidate is closed all the same; removing its
   * key goes on in the background until the lease has run out by itself.
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
    // A lease that is revoked does not tell why. One whose successor would wait leaves first, and so says that it was meant.
    if (this.#lockDelay) await this.#leave().catch(() => undefined)
    await this.#session.close()
  }

  async #leave(): Promise<void> {
    this.#driver.withdraw('closed')
    this.#driver.release()
    await this.#driver.left()
  }

  /** One that leads already needs no campaign, unless the term ends while it takes its other name. */
  async #leadAs(
    name: string,
    leadership: Leadership,
    signal: AbortSignal | undefined,
  ): Promise<Leadership> {
    if (name === this.#name) return leadership
    await this.proclaim(name, { signal })
    return this.#leadership === leadership ? leadership : this.campaign({ name, signal })
  }

  /** In the term in which it was asked for: the name of the next one is not its affair. */
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

function ownSession(etcd: Etcd, options: CandidateOptions): Session {
  const given = ofTheSession.map((name) => [name, options[name]])
  return new Session(etcd, Object.fromEntries(given) as SessionOptions)
}

/** A key can be gone by itself or together with its lease; only etcd knows. */
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
