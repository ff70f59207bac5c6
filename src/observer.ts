// Watches an election without contending, and without a lease. It must not decide who leads: the roster's first does.

import { waitOrAbort, checkWait, type WaitOptions } from './base/wait.js'
import { ClosedError, type ElectError, InvalidArgumentError } from './base/errors.js'
import type { RosterSubscription } from './election/roster-feed.js'
import { subscribeToRoster } from './election/roster-feeds.js'
import { checkElection } from './election/keys.js'
import { readAll } from './election/requests.js'
import { type CandidateInfo, Roster } from './election/roster.js'
import type { EtcdApi } from './etcd/api.js'
import type { Etcd } from './etcd/client.js'
import { apiOf } from './session/session.js'

/** The options of {@link Observer}. */
export interface ObserverOptions {
  /** What is contested. */
  readonly election: string
}

type State =
  | { readonly at: 'stopped' }
  | {
      readonly at: 'following'
      readonly following: RosterSubscription
      readonly starting: Promise<void>
    }
  | { readonly at: 'failed'; readonly error: ElectError }

/**
 * Follows an election: who leads, and who waits.
 *
 * It never goes back: leaders are seen in the order of their revisions. Values in between may be skipped, and "nobody"
 * is one of the values. What it shows was true at {@link revision} and may be older than etcd by the time the news took;
 * `candidate.leader()` asks etcd.
 *
 * @example
 * const observer = new Observer(etcd, { election: 'nightly-report' })
 * await observer.start()
 * for await (const leader of observer) {
 *   console.log(leader?.name ?? 'nobody leads')
 *   if (leader === undefined) break
 * }
 * await observer.stop()
 */
export class Observer {
  readonly #api: EtcdApi
  readonly #election: string
  readonly #waiting = new Set<() => void>()
  #roster = new Roster()
  #state: State = { at: 'stopped' }
  /** Counts starts and stops, so that an iterator ends with the run it belongs to. */
  #run = 0
  #offSignal: (() => void) | undefined

  /**
   * @throws InvalidArgumentError naming the option, what was expected and what came.
   */
  constructor(etcd: Etcd, options: ObserverOptions) {
    this.#api = apiOf(etcd)
    if (typeof (options as unknown) !== 'object' || (options as unknown) === null) {
      const expected = "expected an object like { election: 'nightly-report' }"
      throw new InvalidArgumentError('options', expected, options)
    }
    this.#election = checkElection(options.election)
  }

  /** What is contested. */
  get election(): string {
    return this.#election
  }

  /** The key of the present leader's term; `''` when nobody leads or this observer does not know. */
  get term(): string {
    return this.leader?.term ?? ''
  }

  /**
   * Who leads; undefined when nobody does or this observer does not know. With `lockDelay`, one who still waits for the
   * former leader to stop is named already.
   */
  get leader(): CandidateInfo | undefined {
    return this.#roster.first
  }

  /** Everybody in the election, oldest first. The first one leads. */
  get candidates(): readonly CandidateInfo[] {
    return this.#roster.list()
  }

  /** The revision of etcd as of which the above is true; 0 before the first reading. */
  get revision(): bigint {
    return this.#roster.revision
  }

  /**
   * For how long, in milliseconds, the member of etcd that tells this observer of changes has said nothing at all; Infinity
   * when it does not follow the election, or has to read it anew. When nothing happens it is asked for a sign of life every 2 s: more than 4 s
   * means that etcd is out of reach, and that what is shown may be that old. It does not tell how far a member lags.
   */
  get silentForMs(): number {
    if (this.#state.at !== 'following') return Infinity
    return this.#api.clock.monotonicMs() - this.#state.following.heardAtMs
  }

  /**
   * Reads the election once, without following it.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd cannot be read within the client's `callTimeoutMs`.
   */
  async init(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    // Whoever follows it knows at least as much; that roster is shared, and not ours to write to.
    if (this.#state.at === 'following') return waitOrAbort(this.#state.starting, signal)
    const snapshot = await readAll(this.#api, this.#election, { signal })
    if (this.#current().at === 'following') return
    this.#roster = new Roster()
    this.#roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
  }

  /**
   * Follows the election from now on, across reconnects and compactions, until `stop()` is called or `signal` is
   * aborted. Resolves when the first list is there. Does nothing when it follows already.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd cannot be read within the client's `callTimeoutMs`.
   */
  async start(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    signal?.throwIfAborted()
    if (this.#state.at === 'following') return waitOrAbort(this.#state.starting, signal)
    const following = subscribeToRoster(this.#api, this.#election, {
      changed: () => {
        this.#wake()
      },
      failed: (error) => {
        this.#end({ at: 'failed', error })
      },
    })
    const starting = this.#begin(following, signal)
    this.#state = { at: 'following', following, starting }
    this.#run += 1
    const abort = (): void => {
      this.#stop()
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#offSignal = () => signal?.removeEventListener('abort', abort)
    // Whoever has stopped it meanwhile, and perhaps started it anew, has the last word.
    const isCurrent = (): boolean =>
      this.#state.at === 'following' && this.#state.following === following
    try {
      await starting
    } catch (error) {
      if (isCurrent()) this.#stop()
      throw error
    }
    if (!isCurrent()) return
    this.#roster = following.roster
    this.#wake()
  }

  /** The list that is shared may be older than what `init()` has shown. */
  async #begin(following: RosterSubscription, signal: AbortSignal | undefined): Promise<void> {
    const shown = this.#roster.revision
    await following.ready(signal)
    if (following.roster.revision >= shown) return
    const askedAt = following.mark()
    following.seed(await readAll(this.#api, this.#election, { signal }), askedAt)
  }

  /** Follows no longer; iterations end, and nobody is shown as the leader. May be started again. */
  stop(): Promise<void> {
    this.#stop()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /**
   * Yields the present leader and then every change, undefined standing for "nobody leads". A slow reader misses values
   * in between, never the latest. Ends when the observer is stopped; throws when etcd refuses to show the election.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<CandidateInfo | undefined, void, undefined> {
    if (this.#state.at === 'stopped') {
      throw new ClosedError('this observer does not follow the election: call start() first')
    }
    const run = this.#run
    let seen: CandidateInfo | undefined | 'nothing' = 'nothing'
    for (;;) {
      const { leader } = this
      const state = this.#current()
      if (state.at === 'failed') throw state.error
      if (state.at === 'stopped' || this.#run !== run) return
      if (this.#roster.revision > 0n && !isSame(seen, leader)) {
        seen = leader
        yield leader
      } else {
        await new Promise<void>((resolve) => this.#waiting.add(resolve))
      }
    }
  }

  /** A method of its own, because the state changes between two looks. */
  #current(): State {
    return this.#state
  }

  #stop(): void {
    if (this.#state.at === 'following') this.#state.following.release()
    if (this.#state.at !== 'stopped') this.#end({ at: 'stopped' })
  }

  #end(state: State): void {
    this.#offSignal?.()
    this.#offSignal = undefined
    this.#state = state
    this.#roster = new Roster()
    this.#wake()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}

function isSame(a: CandidateInfo | undefined | 'nothing', b: CandidateInfo | undefined): boolean {
  if (a === 'nothing') return false
  return a?.fencingToken === b?.fencingToken && a?.name === b?.name
}
