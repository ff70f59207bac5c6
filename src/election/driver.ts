// Carries out what the machine decides for one candidate: it makes and removes the key, feeds the machine with what
// roster and lease show, and tells its owner who won and what ended.
// It must not decide who leads (machine.ts does), nor know what users do with it.

import { sleep } from '../base/clock.js'
import { ClosedError, ElectError, SessionLostError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../base/backoff.js'
import type { Lease } from '../lease/lease.js'
import { Departure } from './departure.js'
import { type RosterSubscription, subscribeToRoster } from './roster-feed.js'
import { encode, termKey } from './keys.js'
import type { LockDelay } from './lock-delay.js'
import {
  type Effect,
  initial,
  type Input,
  type LeadershipEnd,
  type State,
  step,
} from './machine.js'
import { CandidateName } from './candidate-name.js'
import { removeKey } from './removal.js'
import { type Candidacy, join } from './requests.js'

/** What a contender tells its owner. None of these may throw. */
export interface DriverListener {
  elected(candidacy: Candidacy, lease: Lease): void
  ended(end: LeadershipEnd, lease: Lease): void
  /** The campaign is over without a victory. */
  failed(error: unknown): void
}

/** Where a contender's leases come from: a session. */
export interface LeaseSource {
  /** The present lease, or a new one. Rejects when there is none to be had. */
  lease(signal?: AbortSignal): Promise<Lease>
  /** Of a lease that was given up on purpose: settles when it is known whether etcd has taken it back. */
  givenBack(): Promise<void>
  /** This candidate will need none any more. */
  exit(election: string, candidate: ElectionDriver): void
}

/** One attempt to join. */
interface Attempt {
  /** How many times the request went out, and was not refused without harm. */
  sent: number
  /** The renewal that the answer may confirm: it is one to the last sending. */
  unconfirmed: Lease['unconfirmed']
}

/** A candidacy that lasted longer than this did not end for a cause that is there again at once. */
const lastingMs = 1_000

export class ElectionDriver {
  readonly #api: EtcdApi
  readonly #election: string
  readonly #leases: LeaseSource
  readonly #owner: DriverListener
  readonly #lockDelay: LockDelay | undefined
  readonly #inputs: Input[] = []
  #state: State = initial
  readonly #name: CandidateName
  #lease: Lease | undefined
  #unlisten: (() => void) | undefined
  #unrely: (() => void) | undefined
  #subscription: RosterSubscription | undefined
  #joining: AbortController | undefined
  readonly #rejoins: Backoff
  #joinedAtMs = 0
  readonly #leaving: Departure
  #released = false
  /** Of the last candidacy that is known to have been removed. */
  #goneToken: bigint | undefined
  /** Why nobody tries to remove the key any more although it may be there. */
  #gaveUp: ClosedError | undefined

  constructor(
    api: EtcdApi,
    election: string,
    leases: LeaseSource,
    owner: DriverListener,
    lockDelay?: LockDelay,
  ) {
    this.#api = api
    this.#election = election
    this.#leases = leases
    this.#owner = owner
    this.#lockDelay = lockDelay
    this.#leaving = new Departure(election)
    this.#name = new CandidateName(api)
    this.#rejoins = new Backoff(api.random, 50, 2_000)
  }

  /** The candidacy that exists in etcd as far as we know. */
  get candidacy(): Candidacy | undefined {
    return this.#state.at === 'waiting' || this.#state.at === 'leading'
      ? this.#state.candidacy
      : undefined
  }

  /** Whoever has to outwait others begins to look at them now rather than at the first campaign. */
  async prepare(signal: AbortSignal | undefined): Promise<void> {
    // Closed while the session opened: nobody would end what is begun now.
    if (this.#lockDelay === undefined || this.#released) return
    const subscription = this.#subscribe()
    subscription.formerLeaders()
    await subscription.ready(signal)
  }

  campaign(name: string): void {
    this.#name.wanted = name
    this.#dispatch({ is: 'campaign' })
  }

  /**
   * Gives the candidacy another name, which it keeps when it has to join again. Tells whether it led; nothing is changed
   * when it did not.
   */
  async proclaim(name: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#state.at !== 'leading' || this.#lease === undefined) return false
    return this.#name.proclaim(this.#state.candidacy, this.#lease, name, signal)
  }

  /** From its return on, nobody is told `elected`; the key is removed in the background. */
  withdraw(end: 'resigned' | 'closed'): void {
    this.#dispatch({ is: 'withdraw', end })
  }

  /**
   * Waits until no key of ours is left. Rejects when one attempt to remove it failed; further attempts follow, and one
   * may wait for them by asking again.
   */
  left(): Promise<void> {
    if (this.#state.at !== 'leaving') return Promise.resolve()
    if (this.#gaveUp !== undefined) return Promise.reject(this.#gaveUp)
    return this.#leaving.wait()
  }

  /** No campaign follows: what is there only for the next one is given up, and nobody keeps hold of us. */
  release(): void {
    this.#released = true
    if (this.#state.at === 'idle' && !this.#mayArriveLate) this.#retire()
  }

  /** Another candidate wants our place in the session: it may have it while we are idle, and takes over all duties. */
  yieldPlace(): boolean {
    if (this.#state.at !== 'idle') return false
    this.#unsubscribe()
    return true
  }

  #retire(): void {
    this.#unsubscribe()
    this.#stopListening()
    this.#leases.exit(this.#election, this)
  }

  /** Inputs that come while effects are carried out wait until those are done. */
  #dispatch(input: Input): void {
    this.#inputs.push(input)
    if (this.#inputs.length > 1) return
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      const before = this.#state
      const [state, ...effects] = step(before, next)
      this.#state = state
      for (const effect of effects) this.#perform(effect)
      if (state.at !== before.at) this.#moved(before)
      this.#inputs.shift()
    }
  }

  #moved(before: State): void {
    if (before.at === 'waiting' || before.at === 'leading') {
      if (this.candidacy === undefined) this.#subscription?.vouchFor(before.candidacy)
      this.#lockDelay?.cancel()
    }
    switch (this.#state.at) {
      case 'waiting':
        this.#unrely ??= this.#lease?.rely(encode(this.#state.candidacy.term))
        this.#look()
        break
      case 'idle':
        this.#leaving.succeeded()
        this.#stopRelying()
        if (this.#mayArriveLate) void this.#keepLooking()
        else this.#unsubscribeIfIdle()
        break
      case 'joining':
        this.#leaving.succeeded()
        this.#stopRelying()
        break
      case 'leading':
      case 'leaving':
        break
    }
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'join':
        this.#joining = new AbortController()
        void this.#join(effect.patient, this.#joining.signal)
        return
      case 'stopJoining':
        this.#joining?.abort()
        return
      case 'leave':
        void this.#leave(effect.candidacy)
        return
      case 'elected':
        if (this.#lease !== undefined) this.#owner.elected(effect.candidacy, this.#lease)
        return
      case 'ended':
        if (this.#lease !== undefined) this.#owner.ended(effect.end, this.#lease)
        return
      case 'campaignFailed':
        this.#owner.failed(effect.error)
        return
      case 'campaignClosed':
        this.#owner.failed(
          new ClosedError('the session was closed while this candidate campaigned'),
        )
        return
    }
    effect satisfies never
  }

  /** Shows the machine what can be seen now. */
  readonly #look = (): void => {
    const subscription = this.#subscription
    const lease = this.#lease
    // Of a lost lease nothing is to be seen any more: its key, if still there, goes with it.
    if (subscription === undefined || lease === undefined || lease.loss !== undefined) return
    const term = termKey(this.#election, lease.id)
    const shown = subscription.roster.get(term)
    // etcd may have confirmed that it is gone before the roster shows it.
    const known = shown?.fencingToken === this.#goneToken ? undefined : shown
    const own = known && { election: this.#election, term, fencingToken: known.fencingToken }
    const first = subscription.roster.first?.fencingToken
    const leaseValid = lease.isValid()
    const delayed =
      this.#lockDelay?.holdsBack(own?.fencingToken, lease, subscription, this.#look) ?? false
    this.#dispatch({ is: 'seen', view: { own, first, leaseValid, delayed } })
  }

  /** Follows the election although not a candidate in it, so that a join that arrives late is noticed and undone. */
  async #keepLooking(): Promise<void> {
    const backoff = new Backoff(this.#api.random, 50, 2_000)
    while (this.#state.at === 'idle' && this.#mayArriveLate && this.#subscription !== undefined) {
      try {
        await this.#subscription.ready()
        this.#look()
        return
      } catch (error) {
        if (error instanceof ClosedError) return
        await sleep(this.#api.clock, backoff.nextMs())
      }
    }
  }

  async #join(patient: boolean, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.#api.random, 50, 2_000)
    let sentBefore = false
    // Whatever takes our key away again and again must not make us ask etcd without a pause.
    if (patient && !(await this.#paused(this.#rejoinPauseMs(), signal))) return
    for (;;) {
      const attempt: Attempt = { sent: 0, unconfirmed: undefined }
      try {
        await this.#joinOnce(signal, attempt)
        return
      } catch (error) {
        if (attempt.sent > 0) this.#expectLateArrival()
        if (signal.aborted) return
        const lost = error instanceof SessionLostError
        if (lost) this.#lease?.end('revoked')
        const again = error instanceof ElectError && error.retryable && (patient || lost)
        if (!again) {
          // An attempt that was answered with a refusal made no key; one before it may have.
          const refused = error instanceof ElectError && !error.retryable
          const mayHaveJoined = sentBefore || attempt.sent > (refused ? 1 : 0)
          this.#dispatch({ is: 'joinFailed', mayHaveJoined, error })
          return
        }
        sentBefore ||= attempt.sent > 0
        if (!(await this.#paused(backoff.nextMs(), signal))) return
      }
    }
  }

  #rejoinPauseMs(): number {
    if (this.#api.clock.monotonicMs() - this.#joinedAtMs >= lastingMs) this.#rejoins.reset()
    return this.#rejoins.nextMs()
  }

  /** False when the signal was aborted first. */
  #paused(delayMs: number, signal: AbortSignal): Promise<boolean> {
    return sleep(this.#api.clock, delayMs, signal).then(
      () => true,
      () => false,
    )
  }

  async #joinOnce(signal: AbortSignal, attempt: Attempt): Promise<void> {
    const lease = await this.#leases.lease(signal)
    this.#hold(lease)
    const subscription = this.#subscribe()
    if (this.#lockDelay !== undefined) subscription.formerLeaders()
    const onSend = (): void => {
      attempt.sent += 1
      attempt.unconfirmed = lease.unconfirmed
    }
    const onRefused = (): void => {
      attempt.sent -= 1
    }
    const askedAt = subscription.mark()
    const options = { signal, onSend, onRefused }
    const joined = await join(this.#api, this.#election, lease.id, this.#name.wanted, options)
    if (attempt.sent > 1) this.#expectLateArrival()
    lease.witness(attempt.unconfirmed, joined.snapshot.raftTerm)
    await this.#name.joined(joined, lease, signal)
    if (lease.loss !== undefined) throw new SessionLostError('the lease was lost while joining')
    signal.throwIfAborted()
    subscription.seed(joined.snapshot, askedAt)
    this.#joinedAtMs = this.#api.clock.monotonicMs()
    this.#dispatch({ is: 'joined', candidacy: joined.candidacy })
  }

  async #leave(candidacy: Candidacy | undefined): Promise<void> {
    const lease = this.#lease
    // With a lease that was lost before, the key is gone or goes, and nobody tells of that loss again.
    if (lease !== undefined && lease.loss === undefined) {
      const marksFor = this.#lockDelay && this.#subscription?.roster
      const removal = { election: this.#election, lease, candidacy, marksFor }
      const gone = await removeKey(this.#api, removal, (error) => {
        if (error instanceof ClosedError) this.#gaveUp = error
        this.#leaving.failed(error)
        this.#dispatch({ is: 'leaveFailed', error })
      })
      if (gone === 'unknown') return
      this.#goneToken = gone?.fencingToken
    }
    this.#dispatch({ is: 'left' })
  }

  #hold(lease: Lease): void {
    if (this.#lease === lease) return
    this.#letGo()
    this.#lease = lease
    this.#unlisten = lease.listen({
      renewed: () => {
        // It can make one who waits win, and nobody else anything.
        if (this.#state.at === 'waiting') this.#look()
      },
      lost: (loss) => {
        this.#letGo()
        if (this.#state.at === 'leaving') {
          this.#leaving.lostLease(loss, () => this.#leases.givenBack())
        }
        this.#dispatch({ is: 'leaseLost', loss })
      },
    })
  }

  /** The lease is over; what was said of it stays true until the next one. */
  #letGo(): void {
    this.#stopListening()
    this.#stopRelying()
    if (this.#state.at === 'idle') this.#unsubscribeIfIdle()
  }

  /** A request to join may still be under way somewhere and arrive later, for as long as the lease lives. */
  get #mayArriveLate(): boolean {
    const lease = this.#lease
    if (lease === undefined || lease.loss !== undefined) return false
    return lease.lateKeys.has(termKey(this.#election, lease.id))
  }

  #expectLateArrival(): void {
    const lease = this.#lease
    lease?.lateKeys.add(termKey(this.#election, lease.id))
  }

  #stopListening(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
  }

  #stopRelying(): void {
    this.#unrely?.()
    this.#unrely = undefined
  }

  #subscribe(): RosterSubscription {
    this.#subscription ??= subscribeToRoster(this.#api, this.#election, {
      changed: this.#look,
      failed: (error) => {
        this.#subscription = undefined
        // A closed client ends the lease as well, and that is what counts.
        if (!(error instanceof ClosedError)) this.#dispatch({ is: 'blinded', error })
      },
    })
    return this.#subscription
  }

  /** Whoever has to outwait others goes on looking at them between campaigns. */
  #unsubscribeIfIdle(): void {
    if (this.#released) this.#retire()
    else if (this.#lockDelay === undefined) this.#unsubscribe()
  }

  #unsubscribe(): void {
    this.#subscription?.release()
    this.#subscription = undefined
  }
}
