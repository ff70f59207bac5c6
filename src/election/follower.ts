// Keeps a roster up to date: the first list from whoever has one, then every event, across reconnects and compactions.
// Candidates and observers of one election share one follower.
// It must not know who of the candidates is us.

import { abandonable } from '../abort.js'
import { sleep } from '../clock.js'
import { ClosedError, ElectError } from '../errors.js'
import type { EtcdApi, Watch } from '../etcd/api.js'
import { Backoff } from '../etcd/backoff.js'
import { candidacies, isNested } from './keys.js'
import { readAll, type Snapshot } from './requests.js'
import { Roster } from './roster.js'

export interface RosterListener {
  /** The roster has advanced. */
  changed(roster: Roster): void
  /** etcd refuses to show the election; nothing more comes. */
  failed(error: ElectError): void
}

/** One user's hold on a shared follower. */
export interface Following {
  readonly roster: Roster
  /** Hands in a list that was read anyway, which saves reading one. */
  seed(snapshot: Snapshot): void
  /** Makes sure that there is a list, reading one if need be. */
  ready(signal?: AbortSignal): Promise<void>
  release(): void
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

class Follower {
  readonly roster = new Roster()
  readonly #api: EtcdApi
  readonly #election: string
  readonly #over: () => void
  readonly #listeners = new Set<RosterListener>()
  #watch: Watch | undefined
  #reading: Promise<void> | undefined
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
    // A wrapper of its own, so that the same listener may follow twice.
    const held: RosterListener = {
      changed: (roster) => {
        listener.changed(roster)
      },
      failed: (error) => {
        listener.failed(error)
      },
    }
    this.#listeners.add(held)
    return {
      roster: this.roster,
      seed: (snapshot) => {
        this.#seed(snapshot)
      },
      ready: (signal) => this.#ready(signal),
      release: () => {
        this.#listeners.delete(held)
        if (this.#listeners.size === 0) this.#end()
      },
    }
  }

  #seed(snapshot: Snapshot): void {
    if (this.#ended) return
    const learnt = this.roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
    // The revision after the snapshot: etcd treats one that is not in the future as late and serves it from a slow loop.
    this.#watch ??= this.#watchFrom(this.roster.revision + 1n)
    if (learnt) this.#tell()
  }

  async #ready(signal?: AbortSignal): Promise<void> {
    if (this.#watch !== undefined) return
    this.#reading ??= readAll(this.#api, this.#election)
      .then((snapshot) => {
        this.#seed(snapshot)
      })
      .finally(() => {
        this.#reading = undefined
      })
    await abandonable(this.#reading, signal)
  }

  #watchFrom(revision: bigint): Watch {
    return this.#api.watch(candidacies(this.#election), revision, {
      events: (events) => {
        if (this.roster.apply(events)) this.#tell()
      },
      progress: (known) => {
        this.roster.upTo(known)
      },
      compacted: () => {
        void this.#catchUp()
      },
      refused: (error) => {
        this.#fail(error)
      },
    })
  }

  /** Events that we had not seen are gone: the list has to be read again. */
  async #catchUp(): Promise<void> {
    const backoff = new Backoff(this.#api.random)
    while (!this.#isOver()) {
      try {
        const snapshot = await readAll(this.#api, this.#election)
        if (this.#isOver()) return
        this.#watch = undefined
        this.#seed(snapshot)
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
    for (const listener of [...this.#listeners]) listener.changed(this.roster)
  }

  #fail(error: ElectError): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    this.#end()
    for (const listener of listeners) listener.failed(error)
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
