// Keeps a roster up to date: the first list from whoever has one, then every event, across reconnects and compactions.
// Candidates and observers of one election share one follower.
// It must not know who of the candidates is us.

import { waitOrAbort } from '../base/wait.js'
import { sleep } from '../base/clock.js'
import { ClosedError, ElectError } from '../base/errors.js'
import type { EtcdApi, Watch, WatchSink } from '../etcd/api.js'
import type { Event } from '../etcd/wire/gen/kv_pb.js'
import { Backoff } from '../base/backoff.js'
import { candidacies, isNested, leaseIdOf } from './keys.js'
import { Predecessors } from './former-leaders.js'
import { type Candidacy, readAll, type Snapshot } from './requests.js'
import { Roster } from './roster.js'

export interface RosterListener {
  /** The roster has advanced. */
  changed(roster: Roster): void
  /** etcd refuses to show the election; nothing more comes. */
  failed(error: ElectError): void
}

/** How far the roster was at some moment. */
export interface Mark {
  readonly revision: bigint
  readonly history: number
}

const followers = new WeakMap<EtcdApi, Map<string, Follower>>()

/** Follows an election until released. */
export function follow(api: EtcdApi, election: string, listener: RosterListener): Following {
  let ofClient = followers.get(api)
  if (ofClient === undefined) followers.set(api, (ofClient = new Map<string, Follower>()))
  let follower = ofClient.get(election)
  if (follower === undefined) {
    const registry = ofClient
    follower = new Follower(api, election, () => {
      if (registry.get(election) === follower) registry.delete(election)
    })
    ofClient.set(election, follower)
  }
  return follower.join(listener)
}

/** One user's hold on a shared follower. */
export class Following {
  readonly listener: RosterListener
  readonly #follower: Follower

  constructor(follower: Follower, listener: RosterListener) {
    this.#follower = follower
    this.listener = listener
  }

  get roster(): Roster {
    return this.#follower.roster
  }

  /** When etcd was last heard from about the election, by the monotonic clock; -Infinity before the first list. */
  get heardAtMs(): number {
    return this.#follower.heardAtMs
  }

  /** Who may still believe that they lead; followed from the first call on. */
  predecessors(): Predecessors {
    return this.#follower.predecessors()
  }

  /** To be taken right before a list is asked for. */
  mark(): Mark {
    return this.#follower.mark()
  }

  /** Hands in a list that was read anyway, which saves reading one. */
  seed(snapshot: Snapshot, askedAt: Mark): void {
    this.#follower.seed(snapshot, askedAt)
  }

  /** Makes sure that there is a list, reading one if need be. */
  ready(signal?: AbortSignal): Promise<void> {
    return this.#follower.ready(signal)
  }

  /** A candidacy of this process is over: nobody need wait for it. */
  vouchFor(candidacy: Candidacy): void {
    this.#follower.vouchFor(candidacy)
  }

  release(): void {
    this.#follower.leave(this)
  }
}

class Follower implements WatchSink {
  readonly roster = new Roster()
  readonly #api: EtcdApi
  readonly #election: string
  readonly #over: () => void
  readonly #followings = new Set<Following>()
  /** Undefined while nobody wants to know. */
  #predecessors: Predecessors | undefined
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

  join(listener: RosterListener): Following {
    const following = new Following(this, listener)
    this.#followings.add(following)
    return following
  }

  leave(following: Following): void {
    this.#followings.delete(following)
    if (this.#followings.size === 0) this.#end()
  }

  get heardAtMs(): number {
    return this.#watch?.heardAtMs ?? -Infinity
  }

  mark(): Mark {
    return { revision: this.roster.revision, history: this.#history }
  }

  seed(snapshot: Snapshot, askedAt: Mark): void {
    if (this.#ended) return
    // A list is a linearizable read. If it knows less than we did when we asked, etcd was restored from a backup or
    // lost its data, and what we know beyond that is not true any more.
    if (snapshot.revision < askedAt.revision && askedAt.history === this.#history) this.#startOver()
    const learnt = this.roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
    // The revision after the snapshot: etcd treats one that is not in the future as late and serves it from a slow loop.
    if (this.#watch === undefined) {
      this.#watch = this.#api.watch(candidacies(this.#election), this.roster.revision + 1n, this)
      this.#predecessors?.begin(this.roster, this.#api.clock.monotonicMs())
    }
    if (learnt) this.#tell()
  }

  predecessors(): Predecessors {
    if (this.#predecessors === undefined) {
      this.#predecessors = new Predecessors()
      this.#predecessors.begin(this.roster, this.#api.clock.monotonicMs())
      void this.#learnTtl()
    }
    return this.#predecessors
  }

  /** Asks for how long the one who leads now may go on believing it after its key is gone. */
  async #learnTtl(): Promise<void> {
    const predecessors = this.#predecessors
    const { first } = this.roster
    if (predecessors === undefined || first === undefined || predecessors.knows(first.revision)) {
      return
    }
    const leaseId = leaseIdOf(first.term)
    if (leaseId === undefined || this.#asked === first.revision) return
    this.#asked = first.revision
    try {
      const { grantedTTL } = await this.#api.leaseTimeToLive(leaseId)
      if (grantedTTL > 0n) predecessors.learn(first.revision, Number(grantedTTL))
    } catch {
      // Asked again at the next change; until then the TTL of who asks stands in for it.
      if (this.#asked === first.revision) this.#asked = undefined
    }
  }

  vouchFor({ term, token }: Candidacy): void {
    if (this.#predecessors === undefined) return
    this.#predecessors.vouchFor(term, token)
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
    const learnt = this.#predecessors?.apply(events, nowMs) ?? false
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
    for (const following of [...this.#followings]) following.listener.changed(this.roster)
    void this.#learnTtl()
  }

  #fail(error: ElectError): void {
    const followings = [...this.#followings]
    this.#followings.clear()
    this.#end()
    for (const { listener } of followings) listener.failed(error)
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
