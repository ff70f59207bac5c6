// Keeps one roster up to date: from a first list on, with every event, across reconnects and
// compactions. All candidates and observers of one election share one feed.

import { waitOrAbort } from '../base/wait.js'
import { sleep } from '../base/clock.js'
import { ClosedError, ElectError } from '../base/errors.js'
import type { EtcdApi, Watch, WatchSink } from '../etcd/api.js'
import type { Event } from '../etcd/wire/gen/kv_pb.js'
import { Backoff } from '../base/backoff.js'
import { candidacies, isNested, leaseIdOf } from './keys.js'
import { FormerLeaders } from './former-leaders.js'
import { type Candidacy, readAll, type Snapshot } from './requests.js'
import { Roster } from './roster.js'

export interface RosterListener {
  /** The roster has changed. */
  changed(roster: Roster): void
  /** etcd refuses to show the election. No call follows. */
  failed(error: ElectError): void
}

/** How far the roster was at some instant. */
export interface RosterMark {
  readonly revision: bigint
  readonly history: number
}

/** One user's subscription to a shared feed. */
export class RosterSubscription {
  readonly listener: RosterListener
  readonly #feed: RosterFeed

  constructor(feed: RosterFeed, listener: RosterListener) {
    this.#feed = feed
    this.listener = listener
  }

  get roster(): Roster {
    return this.#feed.roster
  }

  /**
   * When the member that serves the watch last sent anything, on the monotonic clock; -Infinity
   * before the first list.
   */
  get heardAtMs(): number {
    return this.#feed.heardAtMs
  }

  /**
   * The former leaders that may still believe they lead. They are tracked from the first call on.
   */
  formerLeaders(): FormerLeaders {
    return this.#feed.formerLeaders()
  }

  /** Take it right before asking for a list, for {@link seed}. */
  mark(): RosterMark {
    return this.#feed.mark()
  }

  /** Hands in a list that was read anyway, which saves another read. */
  seed(snapshot: Snapshot, askedAt: RosterMark): void {
    this.#feed.seed(snapshot, askedAt)
  }

  /** Resolves when there is a list. Reads one if need be. */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#feed.ready(signal)
  }

  /** A candidacy of this process is over: no candidate need wait for it. */
  vouchFor(candidacy: Candidacy): void {
    this.#feed.vouchFor(candidacy)
  }

  release(): void {
    this.#feed.unsubscribe(this)
  }
}

export class RosterFeed implements WatchSink {
  readonly roster = new Roster()
  readonly #api: EtcdApi
  readonly #election: string
  readonly #onEnd: () => void
  readonly #subscriptions = new Set<RosterSubscription>()
  /** Undefined until a subscriber asks for them. */
  #formerLeaders: FormerLeaders | undefined
  #watch: Watch | undefined
  #reading: Promise<void> | undefined
  /** The token of the last leader whose TTL was asked for. */
  #askedForTtlOf: bigint | undefined
  /** Counts how often etcd's history was rewritten. */
  #history = 0
  #ended = false
  #warned = false
  readonly #offClose: () => void

  constructor(api: EtcdApi, election: string, onEnd: () => void) {
    this.#api = api
    this.#election = election
    this.#onEnd = onEnd
    this.#offClose = api.onClose(() => {
      this.#fail(new ClosedError('the Etcd client was closed'))
    })
  }

  subscribe(listener: RosterListener): RosterSubscription {
    const subscription = new RosterSubscription(this, listener)
    this.#subscriptions.add(subscription)
    return subscription
  }

  unsubscribe(subscription: RosterSubscription): void {
    this.#subscriptions.delete(subscription)
    if (this.#subscriptions.size === 0) this.#end()
  }

  get heardAtMs(): number {
    return this.#watch?.heardAtMs ?? -Infinity
  }

  mark(): RosterMark {
    return { revision: this.roster.revision, history: this.#history }
  }

  seed(snapshot: Snapshot, askedAt: RosterMark): void {
    if (this.#ended) return
    // A list is a linearizable read. If its revision is lower than the roster's was before the
    // read, etcd was restored from a backup or lost its data, and what the roster knows is no
    // longer true.
    if (snapshot.revision < askedAt.revision && askedAt.history === this.#history) this.#startOver()
    const isNew = this.roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
    // Begins at the revision after the snapshot, because etcd serves a watch that does not begin in
    // the future from a loop that runs every 100 ms.
    if (this.#watch === undefined) {
      this.#watch = this.#api.watch(candidacies(this.#election), this.roster.revision + 1n, this)
      this.#formerLeaders?.begin(this.roster, this.#api.clock.monotonicMs())
    }
    if (isNew) this.#notify()
  }

  formerLeaders(): FormerLeaders {
    if (this.#formerLeaders === undefined) {
      this.#formerLeaders = new FormerLeaders()
      this.#formerLeaders.begin(this.roster, this.#api.clock.monotonicMs())
      void this.#askForTtl()
    }
    return this.#formerLeaders
  }

  /**
   * Asks for the TTL of the present leader: for so long it may believe that it leads after its key
   * is gone.
   */
  async #askForTtl(): Promise<void> {
    const formerLeaders = this.#formerLeaders
    const { first } = this.roster
    if (
      formerLeaders === undefined ||
      first === undefined ||
      formerLeaders.knows(first.fencingToken)
    ) {
      return
    }
    const leaseId = leaseIdOf(first.term)
    if (leaseId === undefined || this.#askedForTtlOf === first.fencingToken) return
    this.#askedForTtlOf = first.fencingToken
    try {
      const { grantedTTL } = await this.#api.leaseTimeToLive(leaseId)
      if (grantedTTL > 0n) formerLeaders.learn(first.fencingToken, Number(grantedTTL))
    } catch {
      // The next change asks again. Until then the waiting candidate's own TTL stands in for it.
      if (this.#askedForTtlOf === first.fencingToken) this.#askedForTtlOf = undefined
    }
  }

  vouchFor({ term, fencingToken }: Candidacy): void {
    if (this.#formerLeaders === undefined) return
    this.#formerLeaders.vouchFor(term, fencingToken)
    this.#notify()
  }

  #startOver(): void {
    this.#history += 1
    this.#watch?.cancel()
    this.#watch = undefined
    this.roster.clear()
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (this.#watch === undefined) await waitOrAbort(this.#read(), signal)
  }

  /** Reads the list. Callers that ask meanwhile share the answer. */
  #read(): Promise<void> {
    const askedAt = this.mark()
    this.#reading ??= readAll(this.#api, this.#election)
      .then((snapshot) => {
        this.seed(snapshot, askedAt)
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  events(events: readonly Event[]): void {
    const nowMs = this.#api.clock.monotonicMs()
    const isNew = this.#formerLeaders?.apply(events, nowMs) ?? false
    if (this.roster.apply(events) || isNew) this.#notify()
  }

  progress(revision: bigint): void {
    this.roster.upTo(revision)
  }

  behind(): void {
    void this.#readAgain()
  }

  compacted(): void {
    this.#watch = undefined
    void this.#readAgain()
  }

  refused(error: ElectError): void {
    this.#fail(error)
  }

  /** Events are missing, or what the roster shows is no longer true: reads the list again. */
  async #readAgain(): Promise<void> {
    const backoff = new Backoff(this.#api.random)
    while (!this.#hasEnded()) {
      try {
        await this.#read()
        return
      } catch (error) {
        if (error instanceof ElectError && !error.retryable) {
          this.#fail(error)
          return
        }
        await sleep(this.#api.clock, backoff.nextMs())
      }
    }
  }

  #notify(): void {
    this.#warnOfNesting()
    for (const subscription of [...this.#subscriptions]) subscription.listener.changed(this.roster)
    void this.#askForTtl()
  }

  #fail(error: ElectError): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    this.#end()
    for (const { listener } of subscriptions) listener.failed(error)
  }

  #end(): void {
    this.#ended = true
    this.#offClose()
    this.#watch?.cancel()
    this.#onEnd()
  }

  #hasEnded(): boolean {
    return this.#ended
  }

  #warnOfNesting(): void {
    const leader = this.roster.first
    if (this.#warned || leader === undefined || !isNested(this.#election, leader.term)) return
    this.#warned = true
    process.emitWarning(
      `election '${this.#election}' is led by the key '${leader.term}', which belongs to another election whose name begins with '${this.#election}/'. The two share one queue, here as in Go and etcdctl: rename one of them`,
      { code: 'ELECT_NESTED_ELECTIONS' },
    )
  }
}
