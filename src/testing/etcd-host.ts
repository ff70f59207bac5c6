// The host of a test's etcd: pauses, stops and starts the etcd, with its old store or an empty one.

import type { Clock } from '../base/clock.js'
import { DevMember } from '../devserver/member.js'
import { routerOf } from '../devserver/router.js'
import type { Router } from '../devserver/rpc.js'
import { RpcError, Status } from '../etcd/wire/transport.js'
import { PausableClock } from './pausable-clock.js'

export type HostState = 'running' | 'paused' | 'stopped'

export interface HostSettings {
  readonly clock: Clock
  readonly random: () => number
  readonly firstRevision: bigint
}

const progressNotifyIntervalMs = 600_000

/** The error of a client that connects while the etcd is stopped. */
export function refusedConnection(): RpcError {
  return new RpcError(Status.unavailable, 'connection refused: the etcd of this test is stopped')
}

export class EtcdHost {
  readonly #settings: HostSettings
  /** The host's clock: no lease expires while etcd is paused or stopped. */
  readonly #clock: PausableClock
  #member: DevMember
  #router: Router
  #state: HostState = 'running'

  constructor(settings: HostSettings) {
    this.#settings = settings
    this.#clock = new PausableClock(settings.clock)
    this.#member = this.#newMember(settings.firstRevision)
    this.#router = routerOf(this.#member)
  }

  get state(): HostState {
    return this.#state
  }

  /** The member, also while it is stopped and clients cannot reach it. */
  get member(): DevMember {
    return this.#member
  }

  /** @throws RpcError while the etcd is stopped. */
  router(): Router {
    if (this.#state === 'stopped') throw refusedConnection()
    return this.#router
  }

  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.#clock.pause()
  }

  /** Leases whose TTL is over expire before anything else happens. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#clock.resume()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#clock.pause()
  }

  /**
   * @param firstRevision the first revision of a new, empty store; undefined to keep the old store.
   */
  start(firstRevision: bigint | undefined): void {
    if (this.#state !== 'stopped') return
    if (firstRevision !== undefined) {
      this.#member.close()
      this.#member = this.#newMember(firstRevision)
    }
    this.#member.becomeLeader()
    this.#router = routerOf(this.#member)
    this.#state = 'running'
    this.#clock.resume()
  }

  close(): void {
    this.stop()
    this.#member.close()
  }

  #newMember(firstRevision: bigint): DevMember {
    const { random } = this.#settings
    const member = new DevMember({
      name: 'test',
      clock: this.#clock,
      random,
      firstRevision,
      progressNotifyIntervalMs,
    })
    member.clientUrls = [testEndpoint]
    return member
  }
}

/** The endpoint in clients' options. No socket is opened for it. */
export const testEndpoint = 'http://etcd.test:2379'
