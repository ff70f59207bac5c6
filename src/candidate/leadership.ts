// What the leader holds while its term lasts. The candidate tells it when the term ends, and the
// lease until when the term is surely valid.

import { checkWait, type WaitOptions } from '../base/wait.js'
import { LeadershipLostError, NotLeaderError } from '../base/errors.js'
import { checkName } from '../election/keys.js'
import type { LeadershipEnd } from '../election/machine.js'
import type { Candidacy } from '../election/requests.js'
import type { Lease } from '../lease/lease.js'

/** The part of a candidate that a leadership uses. */
interface Holder {
  readonly name: string
  proclaim(name: string, options?: WaitOptions): Promise<void>
  resign(options?: WaitOptions): Promise<void>
}

const explanations: Record<LeadershipEnd, string> = {
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
 * Any part of a program that acts as the leader should call {@link isValid} right before it acts,
 * stop when {@link signal} is aborted, and pass {@link fencingToken} to what it writes to.
 *
 * @example
 * const leadership = await candidate.campaign()
 * while (leadership.isValid()) await writeOnce({ token: leadership.fencingToken })
 * console.log(await leadership.ended) // 'expired', for example
 */
export class Leadership {
  /** The etcd key that identifies this term. */
  readonly term: string
  /**
   * Strictly greater for every later leader of the election. A store that refuses writes with a
   * smaller token than it has seen is safe whatever clocks, pauses and networks do.
   */
  readonly fencingToken: bigint
  /** Resolves with how the term ended. Never rejects. */
  readonly ended: Promise<LeadershipEnd>
  readonly #holder: Holder
  readonly #lease: Lease
  /** Made on demand, so that ten thousand terms can end at once so much sooner. */
  #controller: AbortController | undefined
  /** Makes the reason with which the signal is, or would be, aborted. */
  #abortedWith: (() => unknown) | undefined
  readonly #resolveEnded: (end: LeadershipEnd) => void
  #isOver = false

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
   * Aborted when the term ends, for whatever reason, with a {@link LeadershipLostError} as reason.
   * In `lead()` also when the work is asked to stop: then with the reason of the signal that asked
   * or, with `drainMs`, with a {@link LeadershipLostError} because the term is about to end.
   *
   * A timer fires it, so it is late by as long as the event loop is blocked. {@link isValid} is
   * never late.
   */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith())
    }
    return this.#controller.signal
  }

  /**
   * Whether the candidate provably still leads at this instant. Synchronous, without network: it
   * reads two clocks.
   *
   * True means that no other candidate can have become the leader, provided that the clocks of this
   * host and of etcd run at rates within `clockDrift` of each other, that etcd honours its leases,
   * and that the key is not deleted and the lease not revoked by hand (docs/guarantees.md). It says
   * nothing about the next instant: an act that takes time needs the fencing token.
   */
  isValid(): boolean {
    return this.remainingMs() > 0
  }

  /**
   * Milliseconds until {@link isValid} turns false without another renewal; 0 when the term is
   * over.
   */
  remainingMs(): number {
    return this.#isOver ? 0 : this.#lease.remainingMs()
  }

  /**
   * Changes the name that others see.
   *
   * @throws NotLeaderError when this term is over, and then nothing is changed; otherwise as
   * `candidate.proclaim()`.
   */
  async proclaim(name: string, options: WaitOptions = {}): Promise<void> {
    checkName(name)
    checkWait(options)
    if (this.#isOver) throw new NotLeaderError(`the term '${this.term}' is over`)
    await this.#holder.proclaim(name, options)
  }

  /**
   * Gives the leadership up. No effect and no error when the term is over already.
   *
   * @throws as `candidate.resign()`.
   */
  async resign(options: WaitOptions = {}): Promise<void> {
    checkWait(options)
    if (!this.#isOver) await this.#holder.resign(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign()
  }

  /** @internal Asks the work to stop while the term still lasts. */
  askToStop(reason: unknown): void {
    this.#abort(() => reason)
  }

  /**
   * @internal Ends the term. `isValid()` is false from now on.
   *
   * @param known settles with how it ended, when that has yet to be found out
   */
  end(end: LeadershipEnd, known: Promise<LeadershipEnd> = Promise.resolve(end)): void {
    if (this.#isOver) return
    this.#isOver = true
    void known.then(this.#resolveEnded)
    this.#abort(
      () =>
        new LeadershipLostError(
          `no longer the leader of term '${this.term}': ${explanations[end]}`,
          {
            cause: new Error(explanations[end]),
          },
        ),
    )
  }

  #abort(reason: () => unknown): void {
    if (this.#abortedWith !== undefined) return
    this.#abortedWith = reason
    this.#controller?.abort(reason())
  }
}
