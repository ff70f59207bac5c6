// Keeps a roster up to date: the first list from whoever has one, then every event, across reconnects and compactions.
// Candidates and observers of one election share one feed.
// It must not know who of the candidates is us.

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
  /** The roster has advanced. */
  changed(roster: Roster): void
  /** etcd refuses to show the election; nothing more comes. */
  failed(error: ElectError): void
}

/** How far the roster was at some moment. */
export interface RosterMark {
  readonly revision: bigint
  readonly history: number
}

const feeds = new WeakMap<EtcdApi, Map<string, RosterFeed>>()

/** Follows an election until released. */
export function subscribeToRoster(
  api: EtcdApi,
  election: string,
  listener: RosterListener,
): RosterSubscription {
  let ofClient = feeds.get(api)
  if (ofClient === undefined) feeds.set(api, (ofClient = new Map<string, RosterFeed>()))
  let feed = ofClient.get(election)
  if (feed === undefined) {
    const registry = ofClient
    feed = new RosterFeed(api, election, () => {
      if (registry.get(election) === feed) registry.delete(election)
    })
    ofClient.set(election, feed)
  }
  return feed.subscribe(listener)
}

/** One user's hold on a shared feed. */
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

  /** When etcd was last heard from about the election, by the monotonic clock; -Infinity before the first list. */
  get heardAtMs(): number {
    return this.#feed.heardAtMs
  }

  /** Who may still believe that they lead; followed from the first call on. */
  formerLeaders(): FormerLeaders {
    return this.#feed.formerLeaders()
  }

  /** To be taken right before a list is asked for. */
  mark(): RosterMark {
    return this.#feed.mark()
  }

  /** Hands in a list that was read anyway, which saves reading one. */
  seed(snapshot: Snapshot, askedAt: RosterMark): void {
    this.#feed.seed(snapshot, askedAt)
  }

  /** Makes sure that there is a list, reading one if need be. */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#feed.ready(signal)
  }

  /** A candidacy of this process is over: nobody need wait for it. */
  vouchFor(candidacy: Candidacy): void {
    this.#feed.vouchFor(candidacy)
  }

  release(): void {
    this.#feed.unsubscribe(this)
  }
}

class RosterFeed implements WatchSink {
  readonly roster = new Roster()
  readonly #api: EtcdApi
  readonly #election: string
  readonly #over: () => void
  readonly #subscriptions = new Set<RosterSubscription>()
  /** Undefined while nobody wants to know. */
  #formerLeaders: FormerLeaders | undefined
  #watch: Watch | undefined
  #reading: Promise<void> | undefined
  /** The token of the last one whose TTL was asked for. */
  #asked: bigint | undefined
  /** How often etcd's history was rewritten. */
  #history = 0
  #ended = false
  #warned = false
  readonly #offClose: () => void

  constructor(api: EtcdApi, election: string, over: () => void) {
    this.#api = api
    this.#election = election
    this.#over = over
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
    // A list is a linearizable read. If it knows less than we did when we asked, etcd was restored from a backup or
    // lost its data, and what we know beyond that is not true any more.
    if (snapshot.revision < askedAt.revision && askedAt.history === this.#history) this.#startOver()
    const learnt = this.roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
    // The revision after the snapshot: etcd treats one that is not in the future as late and serves it from a slow loop.
    if (this.#watch === undefined) {
      this.#watch = this.#api.watch(candidacies(this.#election), this.roster.revision + 1n, this)
      this.#formerLeaders?.begin(this.roster, this.#api.clock.monotonicMs())
    }
    if (learnt) this.#tell()
  }

  formerLeaders(): FormerLeaders {
    if (this.#formerLeaders === undefined) {
      this.#formerLeaders = new FormerLeaders()
      this.#formerLeaders.begin(this.roster, this.#api.clock.monotonicMs())
      void this.#learnTtl()
    }
    return this.#formerLeaders
  }

  /** Asks for how long the one who leads now may go on believing it after its key is gone. */
  async #learnTtl(): Promise<void> {
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
    if (leaseId === undefined || this.#asked === first.fencingToken) return
    this.#asked = first.fencingToken
    try {
      const { grantedTTL } = await this.#api.leaseTimeToLive(leaseId)
      if (grantedTTL > 0n) formerLeaders.learn(first.fencingToken, Number(grantedTTL))
    } catch {
      // Asked again at the next change; until then the TTL of who asks stands in for it.
      if (this.#asked === first.fencingToken) this.#asked = undefined
    }
  }

  vouchFor({ term, fencingToken }: Candidacy): void {
    if (this.#formerLeaders === undefined) return
    this.#formerLeaders.vouchFor(term, fencingToken)
    this.#tell()
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

  /** Reads the list; those who ask meanwhile share the answer. */
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
    const learnt = this.#formerLeaders?.apply(events, nowMs) ?? false
    if (this.roster.apply(events) || learnt) this.#tell()
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

  /** Events that we had not seen are gone, or what we saw is: the list has to be read again. */
  async #readAgain(): Promise<void> {
    const backoff = new Backoff(this.#api.random)
    while (!this.#isOver()) {
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

  #tell(): void {
    this.#warnOfNesting()
    for (const subscription of [...this.#subscriptions]) subscription.listener.changed(this.roster)
    void this.#learnTtl()
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
    this.#over()
  }

  #isOver(): boolean {
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
