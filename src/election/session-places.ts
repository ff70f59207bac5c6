// The places of one session's candidates: one candidate per election, because two would share a
// key.

import { AlreadyACandidateError } from '../base/errors.js'
import type { Lease } from '../lease/lease.js'

/** A candidate that has a place. */
export interface PlaceHolder {
  /** Gives the place to another candidate of the session, if this one does not need it now. */
  yieldPlace(): boolean
}

export class SessionPlaces {
  readonly #holders = new Map<string, PlaceHolder>()
  /**
   * The elections in which a given-up request to join may yet make a key. The session's next
   * candidate in such an election has to remove it.
   */
  readonly #lateJoins = new WeakMap<Lease, Set<string>>()

  /** @throws AlreadyACandidateError unless the place is free, or its holder yields it. */
  take(election: string, candidate: PlaceHolder): void {
    const present = this.#holders.get(election)
    if (present !== undefined && present !== candidate && !present.yieldPlace()) {
      throw new AlreadyACandidateError(
        `election: this session already has a candidate in '${election}', and the two would share one key: use another session`,
      )
    }
    this.#holders.set(election, candidate)
  }

  /** For a candidate that is closed: a session may outlive very many. */
  free(election: string, candidate: PlaceHolder): void {
    if (this.#holders.get(election) === candidate) this.#holders.delete(election)
  }

  /** A request to join may still be on its way, and arrive for as long as the lease lives. */
  expectLateJoin(lease: Lease, election: string): void {
    const elections = this.#lateJoins.get(lease)
    if (elections === undefined) this.#lateJoins.set(lease, new Set([election]))
    else elections.add(election)
  }

  mayJoinLate(lease: Lease, election: string): boolean {
    return lease.loss === undefined && this.#lateJoins.get(lease)?.has(election) === true
  }
}
