// One contender in an election: what a user calls. It turns what the contender tells into promises and leaderships.
// It must not decide who leads (election/machine.ts does).

import {
  CampaignPendingError,
  ClosedError,
  InvalidArgumentError,
  NoLeaderError,
  NotLeaderError,
} from './errors.js'
import { abandonable } from './abort.js'
import { Contender } from './election/contender.js'
import { checkElection, checkName } from './election/keys.js'
import type { LeadershipEnd } from './election/machine.js'
import { type Candidacy, proclaim, readLeader } from './election/requests.js'
import type { CandidateInfo } from './election/roster.js'
import type { EtcdApi } from './etcd/api.js'
import type { Etcd } from './etcd/client.js'
import { lead, type LeadOptions } from './lead.js'
import { Leadership } from './leadership.js'
import type { Lease } from './lease/lease.js'
import { Session } from './session.js'

/** The options of {@link Candidate}. */
export interface CandidateOptions {
  /** What is contested. The same for all candidates that contest it. */
  readonly election: string
  /** How others see this candidate. */
  readonly name: string
  /**
   * The TTL of the candidate's own session, in whole seconds: so long may it take until another candidate takes over
   * from a process that died. Required with an `Etcd`, not allowed with a `Session`, which has one.
   */
  readonly ttl?: number | undefined
  /** Of the candidate's own session, see {@link SessionOptions}. */
  readonly clockDrift?: number | undefined
}

/** Every call that waits takes one of these. */
export interface WaitOptions {
  /** Bounds the wait and nothing else: the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

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
 * }, { signal: shutdown })
 * await candidate.close()
 */
export class Candidate {
  readonly #election: string
  readonly #session: Session
  readonly #ownsSession: boolean
  readonly #contender: Contender
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
    if (!this.#ownsSession && (options.ttl ?? options.clockDrift) !== undefined) {
      const option = options.ttl === undefined ? 'clockDrift' : 'ttl'
      throw new InvalidArgumentError(
        option,
        'expected nothing: it is the session’s',
        options[option],
      )
    }
    this.#contender = new Contender(this.#session.api, this.#election, this.#session, {
      elected: (candidacy, lease) => {
        this.#elected(candidacy, lease)
      },
      ended: (end, lease) => {
        this.#ended(end, lease)
      },
      failed: (error) => {
        this.#settleCampaign()?.reject(error)
      },
    })
  }

  /** What is contested. */
  get election(): string {
    return this.#election
  }

  /** How others see this candidate. Changes when a proclamation is known to have succeeded. */
  get name(): string {
    return this.#name
  }

  /** The etcd key of the present candidacy, waiting or leading; `''` when not a candidate. */
  get term(): string {
    return this.#contender.candidacy?.term ?? ''
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
  async init({ signal }: WaitOptions = {}): Promise<void> {
    this.#throwIfClosed()
    await this.#session.open({ signal })
  }

  /**
   * Waits until this candidate is elected; on one that leads, resolves at once with the leadership it has.
   *
   * While it waits, a lost lease or key is made again, at the back of the queue, and an etcd that is away is waited for.
   * `signal` bounds the wait: when it is aborted, the candidacy is given up, its key is removed in the background, and
   * no election can come from it. A term once won outlives the signal.
   *
   * @throws `signal.reason`; CampaignPendingError when an earlier call still waits; ClosedError; AlreadyACandidateError
   * when the session has another candidate in this election; any other {@link ElectError} when etcd could not be asked
   * to take the candidacy, within the client's `callTimeoutMs`. No key is left behind in any of these cases.
   */
  async campaign({ signal, name }: CampaignOptions = {}): Promise<Leadership> {
    const asName = name === undefined ? this.#name : checkName(name)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    if (this.#leadership !== undefined) {
      if (asName !== this.#name) await this.proclaim(asName, { signal })
      return this.#leadership
    }
    if (this.#campaign !== undefined) {
      throw new CampaignPendingError(
        `this candidate of '${this.#election}' campaigns already: await that campaign, or abort its signal first`,
      )
    }
    this.#session.enter(this.#election, this.#contender)
    const abort = (): void => {
      this.#settleCampaign()?.reject(signal?.reason)
      this.#contender.withdraw('resigned')
    }
    try {
      return await new Promise<Leadership>((resolve, reject) => {
        this.#campaign = { resolve, reject }
        signal?.addEventListener('abort', abort, { once: true })
        this.#name = asName
        this.#contender.campaign(asName)
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Campaigns, works, steps down or loses, and campaigns again, until `signal` is aborted; then it resolves. See
   * docs/lifecycle.md for what happens to the work in each case.
   *
   * @param work is given the leadership and should stop soon after `leadership.signal` is aborted. When it ends while
   * still leading, the leadership is given up.
   * @throws what the work throws while it leads; an {@link ElectError} that trying again cannot mend.
   */
  async lead(work: (leadership: Leadership) => unknown, options: LeadOptions = {}): Promise<void> {
    if (typeof (work as unknown) !== 'function') {
      throw new InvalidArgumentError('work', 'expected a function', work)
    }
    await lead(this, this.#session.api, work, options)
  }

  /**
   * Changes the name that others see, which only the leader can.
   *
   * @throws NotLeaderError when not the leader, and nothing is changed then; any other {@link ElectError} when etcd did
   * not confirm: the name may or may not have changed.
   */
  async proclaim(name: string, { signal }: WaitOptions = {}): Promise<void> {
    checkName(name)
    this.#throwIfClosed()
    signal?.throwIfAborted()
    // One after the other, so that the last name asked for is the one that stays.
    const turn = this.#proclaiming.then(() => this.#proclaim(name, signal))
    this.#proclaiming = turn.catch(() => undefined)
    await abandonable(turn, signal)
  }

  /**
   * Who leads, asked of etcd (a linearizable read). `revision` is the leader's fencing token.
   *
   * @throws NoLeaderError when nobody does.
   */
  async leader({ signal }: WaitOptions = {}): Promise<CandidateInfo> {
    this.#throwIfClosed()
    const leader = await readLeader(this.#session.api, this.#election, { signal })
    if (leader === undefined) throw new NoLeaderError(`nobody leads '${this.#election}'`)
    return leader
  }

  /**
   * Whether this candidate leads, asked of etcd (a linearizable read). Without the network: `leadership.isValid()`.
   */
  async isLeader({ signal }: WaitOptions = {}): Promise<boolean> {
    this.#throwIfClosed()
    const leadership = this.#leadership
    if (leadership === undefined) return false
    const leader = await readLeader(this.#session.api, this.#election, { signal })
    return (
      leader?.term === leadership.term &&
      leader.revision === leadership.fencingToken &&
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
  async resign({ signal }: WaitOptions = {}): Promise<void> {
    this.#throwIfClosed()
    signal?.throwIfAborted()
    if (this.#leadership !== undefined) {
      this.#contender.withdraw('resigned')
    }
    await abandonable(this.#contender.left(), signal)
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
    if (this.#ownsSession) {
      await this.#session.close()
      return
    }
    this.#contender.withdraw('closed')
    await this.#contender.left()
  }

  async #proclaim(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { state, lease } = this.#contender
    const notLeader = (): NotLeaderError =>
      new NotLeaderError(
        `only the leader can proclaim, and '${this.#name}' does not lead '${this.#election}'`,
      )
    if (state.at !== 'leading' || lease === undefined) throw notLeader()
    const led = await proclaim(this.#session.api, state.candidacy, lease.id, name, { signal })
    if (!led) throw notLeader()
    this.#name = name
    this.#contender.renamed(name)
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

function ownSession(etcd: Etcd, { ttl, clockDrift }: CandidateOptions): Session {
  return new Session(etcd, { ttl: ttl as number, clockDrift })
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
