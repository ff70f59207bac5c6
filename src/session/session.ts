// A session holds one lease at a time for any number of candidates. It opens a lease when one is
// first needed, replaces a lost one, and gives the last one back.

import { waitOrAbort, checkWait, type WaitOptions } from '../base/wait.js'
import { type CompanionEvents, Companions } from './companions.js'
import { ClosedError, ElectError, InvalidArgumentError, SessionLostError } from '../base/errors.js'
import { SessionPlaces } from '../election/session-places.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Etcd } from '../etcd/client.js'
import { adoptLease, grantLease, revokeLater, revokeLease } from '../lease/grant.js'
import type { Lease, LeaseLoss } from '../lease/lease.js'
import { Listeners } from '../base/listeners.js'
import { warnOfLongTtl } from './long-ttl.js'
import { checkSessionOptions, type SessionOptions } from './options.js'

/** The events of a session, for `session.on()`. */
export interface SessionEvents extends CompanionEvents {
  /** The session has a new lease. `ttl` is what etcd granted, in seconds. */
  opened: { readonly leaseId: bigint; readonly ttl: number }
  /** The lease is over. `loss` is `'closed'` when this process gave it up. */
  lost: { readonly leaseId: bigint; readonly loss: LeaseLoss }
}

const events: readonly (keyof SessionEvents)[] = [
  'opened',
  'lost',
  'guardianStarted',
  'guardianLost',
  'workerStarted',
  'workerLost',
]

/**
 * One etcd lease, kept alive by this process. Many candidates may share it.
 *
 * The constructor does no I/O. When the lease is lost, every candidate of the session loses its
 * key; the session opens a new lease as soon as one of them needs it.
 *
 * @example
 * const session = new Session(etcd, { ttl: 5 })
 * const shards = ids.map(
 *   (id) => new Candidate(session, { election: `shard/${id}`, name: 'web-1' }),
 * )
 * // …
 * await session.close()
 */
export class Session {
  readonly #api: EtcdApi
  readonly #companions: Companions
  readonly #requestedTtlS: number
  readonly #clockDrift: number
  readonly #listeners = new Listeners<SessionEvents>()
  /** @internal The elections that this session's candidates are in. */
  readonly places = new SessionPlaces()
  #adoptId: bigint | undefined
  #lease: Lease | undefined
  /** A lease that is lost here but may live in etcd: it is revoked before another is opened. */
  #leftBehind: Lease | undefined
  #opening: Promise<Lease> | undefined
  #closing: Promise<void> | undefined
  #orphaned = false

  /**
   * Warns once per process when `ttl` is above 300, in case milliseconds were meant.
   *
   * @throws InvalidArgumentError naming the first option that is unknown or wrong.
   */
  constructor(etcd: Etcd, options: SessionOptions) {
    this.#api = apiOf(etcd)
    const checked = checkSessionOptions(options)
    const { ttl, clockDrift, leaseId } = checked
    this.#companions = new Companions(this.#api, checked, this.#listeners)
    this.#requestedTtlS = ttl
    this.#clockDrift = clockDrift
    this.#adoptId = leaseId
    warnOfLongTtl(ttl)
  }

  /** The id of the current lease; undefined while there is none. */
  get leaseId(): bigint | undefined {
    return this.#lease?.id
  }

  /** The TTL that etcd granted or, before the session is open, the requested one; in seconds. */
  get ttl(): number {
    return this.#lease?.ttlS ?? this.#requestedTtlS
  }

  /** True once `close()` or `orphan()` was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** @internal */
  get clockDrift(): number {
    return this.#clockDrift
  }

  /** @internal */
  get api(): EtcdApi {
    return this.#api
  }

  /**
   * Opens the session now rather than when a candidate first needs it. No effect when it is open.
   *
   * @throws `signal.reason` when the signal is aborted; ClosedError; any other {@link ElectError}
   * when etcd does not grant a lease within the client's `callTimeoutMs`.
   */
  async open(options: WaitOptions = {}): Promise<void> {
    await this.lease(checkWait(options).signal)
  }

  /**
   * Ends every term and candidacy of the session and revokes the lease, which removes all their
   * keys at once. May be called more than once.
   *
   * @throws an {@link ElectError} when etcd did not confirm within the client's `callTimeoutMs`.
   * The session is closed all the same. It goes on trying to revoke the lease in the background,
   * until the lease has run out by itself.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /**
   * Ends every term and candidacy of the session here, but leaves lease and keys in etcd until the
   * TTL has passed, so that another process can take the lease over with `leaseId`.
   */
  orphan(): void {
    if (this.isClosed) return
    this.#closing = Promise.resolve()
    this.#orphaned = true
    this.#lease?.end('closed')
    this.#companions.stop()
  }

  /**
   * Calls `listener` on every such event. A listener that throws breaks nothing.
   *
   * @returns a function that removes the listener.
   */
  on<E extends keyof SessionEvents>(
    event: E,
    listener: (event: SessionEvents[E]) => void,
  ): () => void {
    if (!events.includes(event)) {
      throw new InvalidArgumentError('event', `expected one of ${events.join(', ')}`, event)
    }
    if (typeof (listener as unknown) !== 'function') {
      throw new InvalidArgumentError('listener', 'expected a function', listener)
    }
    return this.#listeners.add(event, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal The current lease, or a new one when there is none. */
  async lease(signal?: AbortSignal): Promise<Lease> {
    signal?.throwIfAborted()
    this.#throwIfClosed()
    if (this.#lease !== undefined && this.#lease.loss === undefined) return this.#lease
    if (!this.#companions.isHealthy()) {
      throw new SessionLostError('healthy() does not say true, so no lease is opened')
    }
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return waitOrAbort(this.#opening, signal)
  }

  /**
   * @internal Has the guardian wait until process `pid`, which does the work of this one, is gone
   * too. To be called before the session is opened.
   */
  revokeOnlyAfter(pid: number): void {
    this.#companions.revokeOnlyAfter(pid)
  }

  /** @internal Settles once it is known whether etcd has revoked the lease of a closed session. */
  givenBack(): Promise<void> {
    if (this.#orphaned) {
      return Promise.reject(new ClosedError('the session was orphaned: its keys stay in etcd'))
    }
    return this.#closing ?? Promise.reject(new ClosedError('the Etcd client was closed'))
  }

  async #open(): Promise<Lease> {
    const { startRenewal } = this.#companions
    this.#companions.start()
    await this.#giveBackLeftBehind()
    const lease =
      this.#adoptId === undefined
        ? await grantLease(this.#api, this.#requestedTtlS, this.#clockDrift, startRenewal)
        : await this.#adopt(this.#adoptId)
    this.#lease = lease
    this.#companions.guard(lease)
    // Closed meanwhile. `close()` waits for this and revokes the lease; `orphan()` does not wait.
    if (this.#orphaned) lease.end('closed')
    this.#throwIfClosed()
    this.#listeners.emit('opened', { leaseId: lease.id, ttl: lease.ttlS })
    this.#watch(lease)
    if (lease.loss !== undefined) {
      throw new SessionLostError(
        'the lease was over before it came: etcd took too long to grant it',
      )
    }
    return lease
  }

  #watch(lease: Lease): void {
    const lost = (loss: LeaseLoss): void => {
      if (loss === 'expired') void this.#giveBackLater(lease)
      if (loss === 'revoked') this.#companions.unguard(lease)
      // Not by the session: the client was closed, and with it every connection to etcd.
      if (loss === 'closed' && !this.isClosed) this.#companions.stop()
      this.#listeners.emit('lost', { leaseId: lease.id, loss })
    }
    // A lease that is over already calls no listener.
    if (lease.loss !== undefined) lost(lease.loss)
    else lease.listen({ renewed: () => undefined, lost })
  }

  /** Tries once: when that lease turns out to be gone, the next attempt opens a new one. */
  async #adopt(id: bigint): Promise<Lease> {
    try {
      const lease = await adoptLease(this.#api, id, this.#clockDrift, this.#companions.startRenewal)
      this.#adoptId = undefined
      return lease
    } catch (error) {
      if (error instanceof SessionLostError) this.#adoptId = undefined
      throw error
    }
  }

  async #giveBackLeftBehind(): Promise<void> {
    if (this.#leftBehind === undefined) return
    try {
      await revokeLease(this.#api, this.#leftBehind.id)
    } catch (error) {
      // Without the right to revoke it, it runs out by itself: the session need not wait for that.
      if (!(error instanceof ElectError) || error.retryable) throw error
    }
    this.#leftBehind = undefined
  }

  async #giveBackLater(lease: Lease): Promise<void> {
    this.#leftBehind = lease
    await revokeLater(this.#api, lease.id, lease.ttlS)
    if (this.#leftBehind === lease) this.#leftBehind = undefined
    this.#companions.unguard(lease)
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    const lease = this.#lease?.loss === undefined ? this.#lease : this.#leftBehind
    lease?.end('closed')
    try {
      if (lease !== undefined) await revokeLease(this.#api, lease.id)
    } catch (error) {
      if (lease === undefined || error instanceof ClosedError) this.#companions.stop()
      // The guardian stays until then, in case this process ends first.
      else void this.#dismissOnceGivenBack(lease)
      throw error
    }
    this.#companions.stop()
  }

  async #dismissOnceGivenBack(lease: Lease): Promise<void> {
    await revokeLater(this.#api, lease.id, lease.ttlS)
    this.#companions.stop()
  }

  #throwIfClosed(): void {
    if (this.isClosed) throw new ClosedError('this session is closed: make a new one')
  }
}

/** @internal */
export function apiOf(etcd: unknown): EtcdApi {
  const api = (etcd as Partial<Etcd> | null | undefined)?.api
  if (api === undefined) {
    throw new InvalidArgumentError('etcd', 'expected an Etcd client', etcd)
  }
  return api
}
