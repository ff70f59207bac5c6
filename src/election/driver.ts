// Performs what the state machine (machine.ts) decides for one candidate, and feeds the machine
// with what comes of it: what joinElection() and leaveElection() return, what the candidate's view
// source shows, and what becomes of its lease.

import { sleep, sleepUnlessAborted } from '../base/clock.js'
import { Backoff } from '../base/backoff.js'
import { ClosedError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Lease, LeaseLoss } from '../lease/lease.js'
import { CandidateName } from './candidate-name.js'
import { HeldLease } from './held-lease.js'
import { joinElection } from './join.js'
import { leaveElection } from './leave.js'
import { LeaveWaiters } from './leave-waiters.js'
import type { LockDelay } from './lock-delay.js'
import {
  type Effect,
  initial,
  type Input,
  type LeadershipEnd,
  type State,
  step,
} from './machine.js'
import type { Candidacy } from './requests.js'
import type { SessionPlaces } from './session-places.js'
import { ViewSource } from './view-source.js'

/** What a driver tells the candidate it works for. None of these may throw. */
export interface DriverListener {
  elected(candidacy: Candidacy, lease: Lease): void
  ended(end: LeadershipEnd, lease: Lease): void
  /** The campaign ended without a victory. */
  failed(error: unknown): void
}

/** Where a candidate's leases come from: its session. */
export interface LeaseSource {
  readonly places: SessionPlaces
  /** The present lease, or a new one. Rejects when there is none to be had. */
  lease(signal?: AbortSignal): Promise<Lease>
  /** Settles when it is known whether etcd has the lease of a closed session back. */
  givenBack(): Promise<void>
}

export interface DriverOptions {
  readonly api: EtcdApi
  readonly election: string
  readonly session: LeaseSource
  readonly lockDelay: LockDelay | undefined
}

/** A candidacy that lasted longer did not end for a cause that comes again at once. */
const lastingMs = 1_000

export class ElectionDriver {
  readonly #api: EtcdApi
  readonly #election: string
  readonly #session: LeaseSource
  readonly #listener: DriverListener
  readonly #name: CandidateName
  readonly #view: ViewSource
  readonly #held: HeldLease
  readonly #leaveWaiters: LeaveWaiters
  readonly #rejoinPause: Backoff
  readonly #inputs: Input[] = []
  #state: State = initial
  #joining = new AbortController()
  #joinedAtMs = 0
  #isReleased = false

  constructor({ api, election, session, lockDelay }: DriverOptions, listener: DriverListener) {
    this.#api = api
    this.#election = election
    this.#session = session
    this.#listener = listener
    this.#name = new CandidateName(api)
    this.#leaveWaiters = new LeaveWaiters(election)
    this.#rejoinPause = new Backoff(api.random, 50, 2_000)
    this.#view = new ViewSource(
      api,
      election,
      {
        changed: this.#look,
        failed: (error) => {
          // A closed client ends the lease as well, and that is what counts.
          if (!(error instanceof ClosedError)) this.#dispatch({ is: 'blinded', error })
        },
      },
      lockDelay,
    )
    this.#held = new HeldLease({
      renewed: () => {
        // A renewal can let a waiting candidate win, and changes nothing for any other.
        if (this.#state.at === 'waiting') this.#look()
      },
      lost: (loss) => {
        this.#leaseLost(loss)
      },
    })
  }

  /** The candidacy that is in etcd as far as this process knows. */
  get candidacy(): Candidacy | undefined {
    const state = this.#state
    return state.at === 'waiting' || state.at === 'leading' ? state.candidacy : undefined
  }

  /** With a lock delay, observes the leaders from now on rather than from the first campaign. */
  async prepare(signal: AbortSignal | undefined): Promise<void> {
    // Closed while the session opened: nothing would end the subscription.
    if (!this.#view.waitsForFormerLeaders || this.#isReleased) return
    await this.#view.subscribe().ready(signal)
  }

  /**
   * Before a campaign. The place is freed when this candidate is released.
   *
   * @throws AlreadyACandidateError when the session has another candidate in this election.
   */
  takePlace(): void {
    this.#session.places.take(this.#election, this)
  }

  campaign(name: string): void {
    this.#name.wanted = name
    this.#dispatch({ is: 'campaign' })
  }

  /**
   * Gives the candidacy another name, which it keeps when it has to join again.
   *
   * @returns false when it does not lead; nothing is changed then.
   */
  async proclaim(name: string, signal: AbortSignal | undefined): Promise<boolean> {
    const { lease } = this.#held
    if (this.#state.at !== 'leading' || lease === undefined) return false
    return this.#name.proclaim(this.#state.candidacy, lease, name, signal)
  }

  /** Gives the candidacy up. No `elected` follows; the key is removed in the background. */
  withdraw(end: 'resigned' | 'closed'): void {
    this.#dispatch({ is: 'withdraw', end })
  }

  /**
   * Waits until this candidate has no key left. Rejects when an attempt to remove it failed; the
   * caller may wait again for the attempts that follow.
   */
  left(): Promise<void> {
    return this.#state.at === 'leaving' ? this.#leaveWaiters.wait() : Promise.resolve()
  }

  /** No campaign follows: what is kept for the next one is given up. */
  release(): void {
    this.#isReleased = true
    if (this.#state.at === 'idle' && !this.#mayJoinLate) this.#retire()
  }

  /** Yields the place in the session, with all its duties, while this candidate is idle. */
  yieldPlace(): boolean {
    if (this.#state.at !== 'idle') return false
    this.#view.unsubscribe()
    return true
  }

  /** Inputs that arrive while effects are performed wait until those are done. */
  #dispatch(input: Input): void {
    this.#inputs.push(input)
    if (this.#inputs.length > 1) return
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      const before = this.#state
      const [state, ...effects] = step(before, next)
      this.#state = state
      for (const effect of effects) this.#perform(effect)
      if (state.at !== before.at) this.#entered(before)
      this.#inputs.shift()
    }
  }

  #perform(effect: Effect): void {
    const { lease } = this.#held
    switch (effect.do) {
      case 'join':
        void this.#join(effect.patient)
        return
      case 'stopJoining':
        this.#joining.abort()
        return
      case 'leave':
        void this.#leave(effect.candidacy)
        return
      case 'elected':
        if (lease !== undefined) this.#listener.elected(effect.candidacy, lease)
        return
      case 'ended':
        if (lease !== undefined) this.#listener.ended(effect.end, lease)
        return
      case 'campaignFailed':
        this.#listener.failed(effect.error)
        return
      case 'campaignClosed':
        this.#listener.failed(
          new ClosedError('the session was closed while this candidate campaigned'),
        )
        return
    }
    effect satisfies never
  }

  /** What each state needs of view and lease. */
  #entered(before: State): void {
    if (before.at === 'waiting' || before.at === 'leading') {
      if (this.candidacy === undefined) this.#view.over(before.candidacy)
      this.#view.cancelDelay()
    }
    switch (this.#state.at) {
      case 'waiting':
        this.#held.dependOn(this.#state.candidacy.term)
        this.#look()
        break
      case 'idle':
        this.#leaveWaiters.succeeded()
        this.#held.stopDepending()
        if (this.#mayJoinLate) void this.#lookForLateJoin()
        else this.#rest()
        break
      case 'joining':
        this.#leaveWaiters.succeeded()
        this.#held.stopDepending()
        break
      case 'leading':
      case 'leaving':
        break
      default:
        this.#state satisfies never
    }
  }

  /** Shows the machine what can be seen now. */
  readonly #look = (): void => {
    const view = this.#view.view(this.#held.lease, this.#look)
    if (view !== undefined) this.#dispatch({ is: 'seen', view })
  }

  async #join(patient: boolean): Promise<void> {
    this.#joining = new AbortController()
    const { signal } = this.#joining
    const pause = (): Promise<boolean> =>
      sleepUnlessAborted(this.#api.clock, this.#rejoinPauseMs(), signal)
    // Whatever takes this candidate's key away again and again must not make it ask etcd without a
    // pause.
    if (patient && !(await pause())) return
    const joiner = {
      api: this.#api,
      election: this.#election,
      name: this.#name,
      takeLease: async () => {
        const lease = await this.#session.lease(signal)
        this.#held.hold(lease)
        return lease
      },
      subscribe: () => this.#view.subscribe(),
      expectLateJoin: (lease: Lease) => {
        this.#session.places.expectLateJoin(lease, this.#election)
      },
    }
    let input = await joinElection(joiner, { patient, signal })
    // The machine hears of a loss once, and not while it joins: a lease that was lost between the
    // answer and here would leave it waiting for ever. So it joins again, with another lease.
    while (input?.is === 'joined' && !signal.aborted && this.#held.alive === undefined) {
      if (!(await pause())) return
      input = await joinElection(joiner, { patient, signal })
    }
    // Given up in the meantime: by now the machine may be in another attempt.
    if (input === undefined || signal.aborted) return
    if (input.is === 'joined') this.#joinedAtMs = this.#api.clock.monotonicMs()
    this.#dispatch(input)
  }

  #rejoinPauseMs(): number {
    const lastedMs = this.#api.clock.monotonicMs() - this.#joinedAtMs
    if (lastedMs >= lastingMs) this.#rejoinPause.reset()
    return this.#rejoinPause.nextMs()
  }

  async #leave(candidacy: Candidacy | undefined): Promise<void> {
    const { alive: lease } = this.#held
    // The key of a lease that was lost before is gone or goes, and no loss is told again.
    if (lease !== undefined) {
      const markNextIn = this.#view.waitsForFormerLeaders ? this.#view.roster : undefined
      const leaver = { election: this.#election, lease, candidacy, markNextIn }
      const left = await leaveElection(this.#api, leaver, (error) => {
        this.#leaveWaiters.failed(error)
        this.#dispatch({ is: 'leaveFailed', error })
      })
      // The loss of the lease, told in the meantime, was the end of the key.
      if (left === undefined || lease.loss !== undefined) return
      this.#view.removed(left.removed)
    }
    this.#dispatch({ is: 'left' })
  }

  #leaseLost(loss: LeaseLoss): void {
    this.#held.letGo()
    if (this.#state.at === 'idle') this.#rest()
    if (this.#state.at === 'leaving') {
      this.#leaveWaiters.leaseLost(loss, () => this.#session.givenBack())
    }
    this.#dispatch({ is: 'leaseLost', loss })
  }

  get #mayJoinLate(): boolean {
    const { lease } = this.#held
    return lease !== undefined && this.#session.places.mayJoinLate(lease, this.#election)
  }

  /** Watches the election although not a candidate, to notice and undo a join that arrives late. */
  async #lookForLateJoin(): Promise<void> {
    const backoff = new Backoff(this.#api.random, 50, 2_000)
    while (this.#state.at === 'idle' && this.#mayJoinLate && this.#view.roster !== undefined) {
      try {
        await this.#view.subscribe().ready()
        this.#look()
        return
      } catch (error) {
        if (error instanceof ClosedError) return
        await sleep(this.#api.clock, backoff.nextMs())
      }
    }
  }

  /** Idle. With a lock delay, the candidate observes the leaders between its campaigns as well. */
  #rest(): void {
    if (this.#isReleased) this.#retire()
    else if (!this.#view.waitsForFormerLeaders) this.#view.unsubscribe()
  }

  #retire(): void {
    this.#view.unsubscribe()
    this.#held.letGo()
    this.#session.places.free(this.#election, this)
  }
}
