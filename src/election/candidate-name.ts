// The name of a candidacy: the one that is wanted, and since when the key has had the one that it has.
// It must not know whether the candidacy leads.

import type { EtcdApi } from '../etcd/api.js'
import type { Lease } from '../lease/lease.js'
import { type Candidacy, rename } from './requests.js'

export class CandidateName {
  /** What the key is made with. */
  wanted = ''
  readonly #api: EtcdApi
  /** When the key got its present name, as far as we know. */
  #since = 0n

  constructor(api: EtcdApi) {
    this.#api = api
  }

  /** The key is there. From one who held this lease earlier, it keeps its place and takes the new name. */
  async joined(
    found: { readonly candidacy: Candidacy; readonly name: string; readonly modRevision: bigint },
    lease: Lease,
    signal: AbortSignal,
  ): Promise<void> {
    this.#since = found.modRevision
    if (found.name !== this.wanted) {
      await this.#rename(found.candidacy, lease, this.wanted, false, signal)
    }
  }

  /** Gives another name to one that leads. Tells whether it does; nothing is changed when it does not. */
  proclaim(
    candidacy: Candidacy,
    lease: Lease,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    return this.#rename(candidacy, lease, name, true, signal)
  }

  async #rename(
    candidacy: Candidacy,
    lease: Lease,
    name: string,
    onlyIfLeading: boolean,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const renaming = { name, modRevision: this.#since, onlyIfLeading }
    const revision = await rename(this.#api, candidacy, lease.id, renaming, { signal })
    if (revision === undefined) return false
    this.#since = revision
    this.wanted = name
    return true
  }
}
