// An observer watches an election without being a candidate, and without a lease.

import { waitOrAbort, checkWait, type WaitOptions } from './base/wait.js'
import { ClosedError, type ElectError } from './base/errors.js'
import { type OptionTable, resolveOptions } from './base/options/table.js'
import type { RosterSubscription } from './election/roster-feed.js'
import { subscribeToRoster } from './election/roster-feeds.js'
import { electionName } from './election/options.js'
import { readAll } from './election/requests.js'
import { type CandidateInfo, Roster } from './election/roster.js'
import type { EtcdApi } from './etcd/api.js'
import type { Etcd } from './etcd/client.js'
import { apiOf } from './session/session.js'

/** The options of {@link Observer}. */
export interface ObserverOptions {
  /** The name of the election. */
  readonly election: string
}

export const observerOptionTable = {
  election: { isRequired: true, check: electionName, doc: '[names](#names)' },
} satisfies OptionTable<ObserverOptions>

type State =
  | { readonly at: 'stopped' }
  | {
      readonly at: 'started'
      readonly subscription: RosterSubscription
      readonly starting: Promise<void>
    }
  | { readonly at: 'failed'; readonly error: ElectError }

/**
 * Follows an election: who leads, and who waits.
 *
 * It never goes back: it shows leaders in the order of their revisions. It may skip values, and "no
 * leader" is one of the values. What it shows was true at {@link revision}, and lags behind etcd by
 * as long as the news travelled. `candidate.leader()` asks etcd.
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
  /** Counts starts, so that an iteration ends with the run that it belongs to. */
  #run = 0
  #offSignal: (() => void) | undefined

  /**
   * @throws InvalidArgumentError naming the first option that is unknown or wrong.
   */
  constructor(etcd: Etcd, options: ObserverOptions) {
    this.#api = apiOf(etcd)
    const example = "{ election: 'nightly-report' }"
    this.#election = resolveOptions(observerOptionTable, options, { example }).election
  }

  /** The name of the election. */
  get election(): string {
    return this.#election
  }

  /**
   * The key of the current leader's term; `''` when there is no leader or this observer knows none.
   */
  get term(): string {
    return this.leader?.term ?? ''
  }

  /**
   * The current leader; undefined when there is none or this observer knows none. With `lockDelay`,
   * a new leader is shown while it still waits for the former leader to stop.
   */
  get leader(): CandidateInfo | undefined {
    return this.#roster.first
  }

  /** All candidates in the election, oldest first. The first one leads. */
  get candidates(): readonly CandidateInfo[] {
    return this.#roster.list()
  }

  /** The revision of etcd at which the values above were true; 0 before the first reading. */
  get revision(): bigint {
    return this.#roster.revision
  }

  /**
   * How long the member of etcd that tells this observer of changes has been silent, in
   * milliseconds; Infinity when the observer does not follow the election, or has to read it anew.
   *
   * The observer asks a silent member for a sign of life every 2 s. So more than 4 s mean that etcd
   * is out of reach, and that the values may be that old. It does not tell how far a member lags.
   */
  get silentForMs(): number {
    if (this.#state.at !== 'started') return Infinity
    return this.#api.clock.monotonicMs() - this.#state.subscription.heardAtMs
  }

  /**
   * Reads the election once, without following it.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd cannot be read within the client's
   * `callTimeoutMs`.
   */
  async init(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    // The roster that is followed knows at least as much. It is shared, and only its feed writes to
    // it.
    if (this.#state.at === 'started') return waitOrAbort(this.#state.starting, signal)
    const snapshot = await readAll(this.#api, this.#election, { signal })
    if (this.#current().at === 'started') return
    this.#roster = new Roster()
    this.#roster.snapshot(snapshot.revision, snapshot.sortedByCreateRevision)
  }

  /**
   * Follows the election from now on, across reconnects and compactions, until `stop()` is called
   * or `signal` is aborted. Resolves when the first list is there. No effect when it follows
   * already.
   *
   * @throws `signal.reason`, or an {@link ElectError} when etcd cannot be read within the client's
   * `callTimeoutMs`.
   */
  async start(options: WaitOptions = {}): Promise<void> {
    const { signal } = checkWait(options)
    signal?.throwIfAborted()
    if (this.#state.at === 'started') return waitOrAbort(this.#state.starting, signal)
    const subscription = subscribeToRoster(this.#api, this.#election, {
      changed: () => {
        this.#wake()
      },
      failed: (error) => {
        this.#end({ at: 'failed', error })
      },
    })
    const starting = this.#begin(subscription, signal)
    this.#state = { at: 'started', subscription, starting }
    this.#run += 1
    const abort = (): void => {
      this.#stop()
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#offSignal = () => signal?.removeEventListener('abort', abort)
    // False when the observer was stopped meanwhile, and perhaps started again.
    const isCurrent = (): boolean =>
      this.#state.at === 'started' && this.#state.subscription === subscription
    try {
      await starting
    } catch (error) {
      if (isCurrent()) this.#stop()
      throw error
    }
    if (!isCurrent()) return
    this.#roster = subscription.roster
    this.#wake()
  }

  /** Waits for the shared list; reads it anew when it is older than what `init()` has shown. */
  async #begin(subscription: RosterSubscription, signal: AbortSignal | undefined): Promise<void> {
    const shown = this.#roster.revision
    await subscription.ready(signal)
    if (subscription.roster.revision >= shown) return
    const askedAt = subscription.mark()
    subscription.seed(await readAll(this.#api, this.#election, { signal }), askedAt)
  }

  /** Stops following: iterations end, and no leader is shown. The observer may be started again. */
  stop(): Promise<void> {
    this.#stop()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /**
   * Yields the current leader and then every change; undefined means that there is no leader. A
   * slow reader misses values in between, but never the latest. Ends when the observer is stopped.
   * Throws when etcd refuses to show the election.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<CandidateInfo | undefined, void, undefined> {
    if (this.#state.at === 'stopped') {
      throw new ClosedError('this observer does not follow the election: call start() first')
    }
    const run = this.#run
    let shown: CandidateInfo | undefined | 'nothing' = 'nothing'
    for (;;) {
      const { leader } = this
      const state = this.#current()
      if (state.at === 'failed') throw state.error
      if (state.at === 'stopped' || this.#run !== run) return
      if (this.#roster.revision > 0n && !isSame(shown, leader)) {
        shown = leader
        yield leader
      } else {
        await new Promise<void>((resolve) => this.#waiting.add(resolve))
      }
    }
  }

  /** A method, because TypeScript takes the state for a constant across an await. */
  #current(): State {
    return this.#state
  }

  #stop(): void {
    if (this.#state.at === 'started') this.#state.subscription.release()
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
