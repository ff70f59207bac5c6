// The name of a candidacy: the wanted one, and the revision at which its key got the present one.

import type { EtcdApi } from '../etcd/api.js'
import type { Lease } from '../lease/lease.js'
import { type Candidacy, rename } from './requests.js'

export class CandidateName {
  /** The name that the key is made with. */
  wanted = ''
  readonly #api: EtcdApi
  /** The revision at which the key got its present name, as far as this process knows. */
  #since = 0n

  constructor(api: EtcdApi) {
    this.#api = api
  }

  /**
   * The key is there. If it is from an earlier holder of the lease, it keeps its place and is
   * renamed.
   */
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

  /** Renames the leader. Returns false, and changes nothing, when the candidacy does not lead. */
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
