// What one candidate can see of its election: the roster while it subscribes to it, together with
// its lease and the lock delay, as one view for the state machine.

import type { EtcdApi } from '../etcd/api.js'
import type { Lease } from '../lease/lease.js'
import { termKey } from './keys.js'
import type { LockDelay } from './lock-delay.js'
import type { View } from './machine.js'
import type { Candidacy } from './requests.js'
import type { Roster } from './roster.js'
import type { RosterListener, RosterSubscription } from './roster-feed.js'
import { subscribeToRoster } from './roster-feeds.js'

export class ViewSource {
  readonly #api: EtcdApi
  readonly #election: string
  readonly #listener: RosterListener
  readonly #lockDelay: LockDelay | undefined
  #subscription: RosterSubscription | undefined
  /** The token of the last candidacy that etcd confirmed to be removed. */
  #removedToken: bigint | undefined

  constructor(
    api: EtcdApi,
    election: string,
    listener: RosterListener,
    lockDelay: LockDelay | undefined,
  ) {
    this.#api = api
    this.#election = election
    this.#listener = listener
    this.#lockDelay = lockDelay
  }

  /** Undefined while the candidate does not subscribe to the roster. */
  get roster(): Roster | undefined {
    return this.#subscription?.roster
  }

  /** Whether this candidate waits until no former leader can believe in its term any more. */
  get waitsForFormerLeaders(): boolean {
    return this.#lockDelay !== undefined
  }

  subscribe(): RosterSubscription {
    this.#subscription ??= subscribeToRoster(this.#api, this.#election, {
      changed: (roster) => {
        this.#listener.changed(roster)
      },
      failed: (error) => {
        this.#subscription = undefined
        this.#listener.failed(error)
      },
    })
    if (this.#lockDelay !== undefined) this.#subscription.formerLeaders()
    return this.#subscription
  }

  unsubscribe(): void {
    this.#subscription?.release()
    this.#subscription = undefined
  }

  /**
   * What can be seen now; undefined without a roster or a lease.
   *
   * @param lookAgain is called when the lock delay may be over.
   */
  view(lease: Lease | undefined, lookAgain: () => void): View | undefined {
    const subscription = this.#subscription
    // A lost lease shows nothing more: its key, if it is still there, goes with it.
    if (subscription === undefined || lease === undefined || lease.loss !== undefined)
      return undefined
    const { roster } = subscription
    const shown = roster.get(termKey(this.#election, lease.id))
    // etcd may have confirmed that the key is gone before the roster shows it.
    const isRemoved = shown === undefined || shown.fencingToken === this.#removedToken
    const own = isRemoved ? undefined : candidacyOf(this.#election, shown)
    return {
      own,
      first: roster.first?.fencingToken,
      leaseValid: lease.isValid(),
      delayed:
        this.#lockDelay?.holdsBack(own?.fencingToken, lease, subscription, lookAgain) ?? false,
    }
  }

  /** The candidacy is removed, also while the roster still shows it. */
  removed(candidacy: Candidacy | undefined): void {
    this.#removedToken = candidacy?.fencingToken
  }

  /** The candidate's own candidacy is over: no other candidate need wait for it. */
  over(candidacy: Candidacy): void {
    this.#subscription?.vouchFor(candidacy)
  }

  cancelDelay(): void {
    this.#lockDelay?.cancel()
  }
}

function candidacyOf(
  election: string,
  { term, fencingToken }: { readonly term: string; readonly fencingToken: bigint },
): Candidacy {
  return { election, term, fencingToken }
}
