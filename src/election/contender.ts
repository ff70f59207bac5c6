// Carries out what the machine decides for one candidate: it makes and removes the key, feeds the machine with what
// roster and lease show, and tells its owner who won and what ended.
// It must not decide who leads (machine.ts does), nor know what users do with it.

import { sleep } from '../clock.js'
import { ClosedError, ElectError, SessionLostError } from '../errors.js'
import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../etcd/backoff.js'
import type { Lease } from '../lease/lease.js'
import { type Following, follow } from './follower.js'
import { encode, termKey } from './keys.js'
import {
  type Effect,
  initial,
  type Input,
  type LeadershipEnd,
  type State,
  step,
} from './machine.js'
import { type Candidacy, find, join, leave, rename } from './requests.js'

/** What a contender tells its owner. None of these may throw. */
export interface ContenderOwner {
  elected(candidacy: Candidacy, lease: Lease): void
  ended(end: LeadershipEnd, lease: Lease): void
  /** The campaign is over without a victory. */
  failed(error: unknown): void
}

/** Where a contender's leases come from: a session. */
export interface Leases {
  /** The present lease, or a new one. Rejects when there is none to be had. */
  lease(signal?: AbortSignal): Promise<Lease>
}

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

export class Contender {
  readonly #api: EtcdApi
  readonly #election: string
  readonly #leases: Leases
  readonly #owner: ContenderOwner
  readonly #inputs: Input[] = []
  #state: State = initial
  #name = ''
  #lease: Lease | undefined
  #unlisten: (() => void) | undefined
  #unrely: (() => void) | undefined
  #following: Following | undefined
  #joining: AbortController | undefined
  #leaveWaiters: Waiter[] = []
  /** Why nobody tries to remove the key any more although it may be there. */
  #gaveUp: ClosedError | undefined

  constructor(api: EtcdApi, election: string, leases: Leases, owner: ContenderOwner) {
    this.#api = api
    this.#election = election
    this.#leases = leases
    this.#owner = owner
  }

  get state(): State {
    return this.#state
  }

  /** The candidacy that exists in etcd as far as we know. */
  get candidacy(): Candidacy | undefined {
    return this.#state.at === 'waiting' || this.#state.at === 'leading'
      ? this.#state.candidacy
      : undefined
  }

  /** The lease of the present candidacy. */
  get lease(): Lease | undefined {
    return this.#lease
  }

  campaign(name: string): void {
    this.#name = name
    this.#dispatch({ is: 'campaign' })
  }

  /** The candidacy has another name in etcd now; it keeps it when it has to join again. */
  renamed(name: string): void {
    this.#name = name
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
    return new Promise((resolve, reject) => this.#leaveWaiters.push({ resolve, reject }))
  }

  /** Another candidate wants our place in the session: it may have it while we are idle, and takes over all duties. */
  yieldPlace(): boolean {
    if (this.#state.at !== 'idle') return false
    this.#stopFollowing()
    return true
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
      if (state.at !== before.at) this.#moved()
      this.#inputs.shift()
    }
  }

  #moved(): void {
    switch (this.#state.at) {
      case 'waiting':
        this.#unrely ??= this.#lease?.rely(encode(this.#state.candidacy.term))
        this.#look()
        break
      case 'idle':
        this.#settle(undefined)
        this.#stopRelying()
        if (this.#mayArriveLate) void this.#keepLooking()
        else this.#stopFollowing()
        break
      case 'joining':
        this.#settle(undefined)
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
  #look(): void {
    const { roster } = this.#following ?? {}
    if (roster === undefined || this.#lease === undefined) return
    const term = termKey(this.#election, this.#lease.id)
    const own = roster.get(term)
    this.#dispatch({
      is: 'seen',
      view: {
        own: own && { election: this.#election, term, token: own.revision },
        first: roster.first?.revision,
        leaseValid: this.#lease.isValid(),
      },
    })
  }

  /** Follows the election although not a candidate in it, so that a join that arrives late is noticed and undone. */
  async #keepLooking(): Promise<void> {
    const backoff = new Backoff(this.#api.random, 50, 2_000)
    while (this.#state.at === 'idle' && this.#mayArriveLate && this.#following !== undefined) {
      try {
        await this.#following.ready()
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
    for (;;) {
      const attempt = { sent: 0, lastSentAtMs: 0 }
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
        const aborted = await sleep(this.#api.clock, backoff.nextMs(), signal).then(
          () => false,
          () => true,
        )
        if (aborted) return
      }
    }
  }

  async #joinOnce(
    signal: AbortSignal,
    attempt: { sent: number; lastSentAtMs: number },
  ): Promise<void> {
    const lease = await this.#leases.lease(signal)
    this.#hold(lease)
    const following = (this.#following ??= follow(this.#api, this.#election, {
      changed: () => {
        this.#look()
      },
      failed: (error) => {
        this.#following = undefined
        // A closed client ends the lease as well, and that is what counts.
        if (!(error instanceof ClosedError)) this.#dispatch({ is: 'blinded', error })
      },
    }))
    const onSend = (): void => {
      attempt.sent += 1
      attempt.lastSentAtMs = this.#api.clock.monotonicMs()
    }
    const joined = await join(this.#api, this.#election, lease.id, this.#name, { signal, onSend })
    if (attempt.sent > 1) this.#expectLateArrival()
    lease.witness(attempt.lastSentAtMs, joined.snapshot.raftTerm)
    if (joined.name !== this.#name) {
      // The key was there before, from one who held this lease earlier: it keeps its place and takes the new name.
      await rename(this.#api, joined.candidacy, lease.id, this.#name, { signal })
    }
    if (lease.loss !== undefined) throw new SessionLostError('the lease was lost while joining')
    signal.throwIfAborted()
    following.seed(joined.snapshot)
    this.#dispatch({ is: 'joined', candidacy: joined.candidacy })
  }

  async #leave(known: Candidacy | undefined): Promise<void> {
    const backoff = new Backoff(this.#api.random, 50, 1_000)
    const lease = this.#lease
    // When the lease is lost, so is the key, and the machine is told by the lease.
    while (lease !== undefined && lease.loss === undefined) {
      try {
        const term = termKey(this.#election, lease.id)
        const candidacy = known ?? (await find(this.#api, this.#election, term, {}))
        if (candidacy !== undefined) await leave(this.#api, candidacy, {})
        break
      } catch (error) {
        if (error instanceof ClosedError) this.#gaveUp = error
        this.#settle(error)
        this.#dispatch({ is: 'leaveFailed', error })
        if (error instanceof ClosedError) return
        await sleep(this.#api.clock, backoff.nextMs())
      }
    }
    if (lease?.loss === undefined) this.#dispatch({ is: 'left' })
  }

  #hold(lease: Lease): void {
    if (this.#lease === lease) return
    this.#letGo()
    this.#lease = lease
    this.#unlisten = lease.listen({
      renewed: () => {
        this.#look()
      },
      lost: (loss) => {
        this.#letGo()
        this.#dispatch({ is: 'leaseLost', loss })
      },
    })
  }

  /** The lease is over; what was said of it stays true until the next one. */
  #letGo(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#stopRelying()
    if (this.#state.at === 'idle') this.#stopFollowing()
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

  #stopRelying(): void {
    this.#unrely?.()
    this.#unrely = undefined
  }

  #stopFollowing(): void {
    this.#following?.release()
    this.#following = undefined
  }

  #settle(error: unknown): void {
    for (const waiter of this.#leaveWaiters.splice(0)) {
      if (error === undefined) waiter.resolve()
      else waiter.reject(error)
    }
  }
}
