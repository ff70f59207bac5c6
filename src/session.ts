// One lease at a time, shared by any number of candidates: opened when first needed, replaced when lost, given back at
// the end. It must not know about elections beyond which of them its candidates are in.

import { abandonable } from './abort.js'
import { AlreadyACandidateError, ClosedError, ElectError, InvalidArgumentError } from './errors.js'
import type { EtcdApi } from './etcd/api.js'
import type { Etcd } from './etcd/client.js'
import { adoptLease, grantLease, revokeLater, revokeLease } from './lease/grant.js'
import type { Lease, LeaseLoss } from './lease/lease.js'
import { Listeners } from './listeners.js'

/** The options of {@link Session}. */
export interface SessionOptions {
  /**
   * How long the lease lives without renewal, in whole seconds; so long may it take until another candidate takes over
   * from a process that died. etcd raises what it finds too small (2 with its default settings).
   */
  readonly ttl: number
  /**
   * By how much the rates of this machine's clock and etcd's may differ, as a fraction. Default 0.05. It shortens the
   * time for which a lease counts as alive.
   */
  readonly clockDrift?: number | undefined
  /**
   * A lease that exists already, to be taken over instead of opening a new one: for a process that was restarted and
   * should keep its place. Two processes must not use one lease at the same time.
   */
  readonly leaseId?: bigint | undefined
}

/** What a session tells those who look on. */
export interface SessionEvents {
  opened: { readonly leaseId: bigint; readonly ttl: number }
  lost: { readonly leaseId: bigint; readonly loss: LeaseLoss }
}

/** The longest TTL that etcd grants, in seconds (read off etcd 3.4 to 3.7: "too large lease TTL"). */
const longestTtlS = 9_000_000_000

/**
 * One etcd lease, kept alive by this process; many candidates may share it.
 *
 * Making one does no I/O. When the lease is lost, every candidate of the session loses its key; a new lease is opened
 * as soon as one of them needs it.
 *
 * @example
 * const session = new Session(etcd, { ttl: 5 })
 * const shards = ids.map((id) => new Candidate(session, { election: `shard/${id}`, name: 'web-1' }))
 * // …
 * await session.close()
 */
export class Session {
  readonly #api: EtcdApi
  readonly #requestedTtlS: number
  readonly #clockDrift: number
  readonly #listeners = new Listeners<SessionEvents>()
  readonly #candidates = new Map<string, { yieldPlace(): boolean }>()
  #adoptId: bigint | undefined
  #lease: Lease | undefined
  /** Lost here, but perhaps not in etcd: to be given back before there is another one, so that there is only one. */
  #leftBehind: Lease | undefined
  #opening: Promise<Lease> | undefined
  #closing: Promise<void> | undefined

  /**
   * @throws InvalidArgumentError naming the option, what was expected and what came.
   */
  constructor(etcd: Etcd, options: SessionOptions) {
    this.#api = apiOf(etcd)
    const { ttl, clockDrift, leaseId } = checkOptions(options)
    this.#requestedTtlS = ttl
    this.#clockDrift = clockDrift
    this.#adoptId = leaseId
  }

  /** The lease at present, or undefined while there is none. */
  get leaseId(): bigint | undefined {
    return this.#lease?.id
  }

  /** In seconds: as etcd granted it or, before the session is open, as it was asked for. */
  get ttl(): number {
    return this.#lease?.ttlS ?? this.#requestedTtlS
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** @internal */
  get api(): EtcdApi {
    return this.#api
  }

  /**
   * Opens the session now rather than when a candidate first needs it. Does nothing when it is open.
   *
   * @throws `signal.reason` when the signal is aborted; ClosedError; any other {@link ElectError} when etcd does not
   * grant a lease within the client's `callTimeoutMs`.
   */
  async open({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.lease(signal)
  }

  /**
   * Ends every term and candidacy of the session and revokes the lease, which removes all their keys at once. May be
   * called more than once.
   *
   * @throws an {@link ElectError} when etcd did not confirm within the client's `callTimeoutMs`. The session is closed
   * all the same; revoking is tried again in the background until the lease has run out by itself.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /**
   * Ends every term and candidacy of the session here, but leaves lease and keys in etcd until the TTL has passed, for
   * another process that takes the lease over with `leaseId`.
   */
  orphan(): void {
    this.#closing ??= Promise.resolve()
    this.#lease?.end('closed')
  }

  /** Calls back on every event; returns what stops that. A listener that throws breaks nothing. */
  on<E extends keyof SessionEvents>(
    event: E,
    listener: (event: SessionEvents[E]) => void,
  ): () => void {
    return this.#listeners.add(event, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal The present lease, or a new one when there is none. */
  async lease(signal?: AbortSignal): Promise<Lease> {
    signal?.throwIfAborted()
    this.#throwIfClosed()
    if (this.#lease !== undefined && this.#lease.loss === undefined) return this.#lease
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return abandonable(this.#opening, signal)
  }

  /**
   * @internal Two candidates of one session in one election would share a key: the second is refused, unless the first
   * one yields its place.
   */
  enter(election: string, candidate: { yieldPlace(): boolean }): void {
    const present = this.#candidates.get(election)
    if (present !== undefined && present !== candidate && !present.yieldPlace()) {
      throw new AlreadyACandidateError(
        `election: this session already has a candidate in '${election}', and the two would share one key: use another session`,
      )
    }
    this.#candidates.set(election, candidate)
  }

  async #open(): Promise<Lease> {
    if (this.#leftBehind !== undefined) {
      await revokeLease(this.#api, this.#leftBehind.id)
      this.#leftBehind = undefined
    }
    const lease =
      this.#adoptId === undefined
        ? await grantLease(this.#api, this.#requestedTtlS, this.#clockDrift)
        : await adoptLease(this.#api, this.#adoptId, this.#clockDrift)
    this.#adoptId = undefined
    this.#lease = lease
    // Closed meanwhile: whoever closes waits for us and gives the lease back.
    this.#throwIfClosed()
    lease.listen({
      renewed: () => undefined,
      lost: (loss) => {
        if (loss === 'expired') this.#leftBehind = lease
        this.#listeners.emit('lost', { leaseId: lease.id, loss })
      },
    })
    this.#listeners.emit('opened', { leaseId: lease.id, ttl: lease.ttlS })
    return lease
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    const lease = this.#lease?.loss === undefined ? this.#lease : this.#leftBehind
    lease?.end('closed')
    if (lease === undefined) return
    try {
      await revokeLease(this.#api, lease.id)
    } catch (error) {
      if (error instanceof ElectError && !(error instanceof ClosedError)) {
        void revokeLater(this.#api, lease.id, lease.ttlS)
      }
      throw error
    }
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

function checkOptions(options: unknown): {
  ttl: number
  clockDrift: number
  leaseId: bigint | undefined
} {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', 'expected an object like { ttl: 5 }', options)
  }
  const { ttl, clockDrift = 0.05, leaseId } = options as Partial<SessionOptions>
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1 || ttl > longestTtlS) {
    throw new InvalidArgumentError(
      'ttl',
      `expected whole seconds from 1 to ${String(longestTtlS)}`,
      ttl,
    )
  }
  if (typeof clockDrift !== 'number' || !(clockDrift >= 0) || !(clockDrift <= 0.5)) {
    throw new InvalidArgumentError('clockDrift', 'expected a fraction from 0 to 0.5', clockDrift)
  }
  if (leaseId !== undefined && (typeof leaseId !== 'bigint' || leaseId <= 0n)) {
    throw new InvalidArgumentError('leaseId', 'expected a bigint above 0', leaseId)
  }
  return { ttl, clockDrift, leaseId }
}
