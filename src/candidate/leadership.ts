// What a winner holds while its term lasts. It must not decide whether it leads: it is told when the term ends, and asks
// the lease whether it is surely alive.

import { checkWait, type WaitOptions } from '../base/wait.js'
import { LeadershipLostError, NotLeaderError } from '../base/errors.js'
import { checkName } from '../election/keys.js'
import type { LeadershipEnd } from '../election/machine.js'
import type { Candidacy } from '../election/requests.js'
import type { Lease } from '../lease/lease.js'

/** What a leadership needs of its candidate. */
interface Holder {
  readonly name: string
  proclaim(name: string, options?: WaitOptions): Promise<void>
  resign(options?: WaitOptions): Promise<void>
}

const story: Record<LeadershipEnd, string> = {
  resigned: 'it was given up on purpose',
  expired: 'the lease could not be renewed in time',
  deleted: 'its key was removed from etcd, by hand or together with its lease',
  revoked: 'etcd no longer has the lease: it was revoked, or ran out',
  closed: 'the candidate or its session was closed',
  refused: 'etcd no longer lets this user see the election',
}

/**
 * One term of one candidate. Made by `campaign()` and `lead()`.
 *
 * Any part of a program that acts as the leader should look at {@link isValid} right before it acts, stop when
 * {@link signal} is aborted, and hand {@link fencingToken} to what it writes to.
 *
 * @example
 * const leadership = await candidate.campaign()
 * while (leadership.isValid()) await writeOnce({ token: leadership.fencingToken })
 * console.log(await leadership.ended) // 'expired', say
 */
export class Leadership {
  /** The etcd key that identifies this term. */
  readonly term: string
  /**
   * Strictly greater for every later leader of the election. A store that refuses writes with a smaller token than it
   * has seen is safe whatever clocks, pauses and networks do.
   */
  readonly fencingToken: bigint
  /** Resolves, and never rejects, with how the term ended. */
  readonly ended: Promise<LeadershipEnd>
  readonly #holder: Holder
  readonly #lease: Lease
  /** Made when somebody asks for it: ten thousand terms that end at once are told so that much sooner. */
  #controller: AbortController | undefined
  /** What makes the reason with which the signal was aborted, or would have been. */
  #abortedWith: (() => unknown) | undefined
  readonly #resolveEnded: (end: LeadershipEnd) => void
  #over = false

  /** @internal */
  constructor(holder: Holder, candidacy: Candidacy, lease: Lease) {
    this.#holder = holder
    this.#lease = lease
    this.term = candidacy.term
    this.fencingToken = candidacy.fencingToken
    let resolveEnded: (end: LeadershipEnd) => void = () => undefined
    this.ended = new Promise((resolve) => (resolveEnded = resolve))
    this.#resolveEnded = resolveEnded
  }

  /** The name that others see. */
  get name(): string {
    return this.#holder.name
  }

  /**
   * Aborted when the term ends, however it ends, with a {@link LeadershipLostError} as reason; in `lead()` also when the
   * work is asked to stop, then with the reason of the signal that asked or, with `drainMs`, with a
   * {@link LeadershipLostError} because the term is about to end.
   *
   * It is fired by a timer and so can be late by as long as the event loop is blocked; {@link isValid} cannot.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith())
    }
    return this.#controller.signal
  }

  /**
   * Whether this is provably still the leader at this instant. Synchronous and without network: it reads two clocks.
   *
   * True means that no other candidate can have become the leader, provided that this machine's clock and etcd's run at
   * rates within `clockDrift` of each other, that etcd honours its leases, and that nobody deletes the key or revokes
   * the lease by hand (docs/guarantees.md). It says nothing about the next instant: an act that takes time needs the
   * fencing token.
   */
  isValid(): boolean {
    return this.remainingMs() > 0
  }

  /** Until {@link isValid} would turn false without another renewal, in milliseconds; 0 when it is over. */
  remainingMs(): number {
    return this.#over ? 0 : this.#lease.remainingMs()
  }

  /**
   * Changes the name that others see.
   *
   * @throws NotLeaderError when this term is over; nothing is changed then. Otherwise as `candidate.proclaim()`.
   */
  async proclaim(name: string, options: WaitOptions = {}): Promise<void> {
    checkName(name)
    checkWait(options)
    if (this.#over) throw new NotLeaderError(`the term '${this.term}' is over`)
    await this.#holder.proclaim(name, options)
  }

  /**
   * Gives the leadership up. No effect and no error when it is over already.
   *
   * @throws as `candidate.resign()`.
   */
  async resign(options: WaitOptions = {}): Promise<void> {
    checkWait(options)
    if (!this.#over) await this.#holder.resign(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign()
  }

  /** @internal Asks the work to stop while the term still lasts. */
  askToStop(reason: unknown): void {
    this.#abort(() => reason)
  }

  /** @internal The term is over: nobody may act on it from now on. */
  end(end: LeadershipEnd, told: Promise<LeadershipEnd> = Promise.resolve(end)): void {
    if (this.#over) return
    this.#over = true
    void told.then(this.#resolveEnded)
    this.#abort(
      () =>
        new LeadershipLostError(`no longer the leader of term '${this.term}': ${story[end]}`, {
          cause: new Error(story[end]),
        }),
    )
  }

  #abort(reason: () => unknown): void {
    if (this.#abortedWith !== undefined) return
    this.#abortedWith = reason
    this.#controller?.abort(reason())
  }
}
