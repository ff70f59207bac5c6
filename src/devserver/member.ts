// One etcd member: its store, leases, watches and accounts, connected so that each change reaches
// all of them and leases expire.

import { create } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.js'
import { type ResponseHeader, ResponseHeaderSchema } from '../etcd/wire/gen/rpc_pb.js'
import { Accounts } from './auth/accounts.js'
import { ExpiryTimer } from './expiry-timer.js'
import { type StoredLease, Lessor } from './lessor.js'
import { Store } from './store/store.js'
import { ChangeFeed } from './watch/change-feed.js'

export interface MemberSettings {
  readonly name: string
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  readonly firstRevision: bigint
  /** How often an idle watch that asked for progress gets the store's revision. */
  readonly progressNotifyIntervalMs: number
}

/** All devservers share one identity: to a client, a new one looks like the old one restarted. */
const identity = { clusterId: 0xdec0_de00_0000_0001n, memberId: 0xdec0_de00_0000_0002n } as const

export class DevMember {
  readonly name: string
  /** The etcd version that it behaves like. */
  readonly version = '3.6.0'
  readonly clock: Clock
  readonly progressNotifyIntervalMs: number
  readonly store: Store
  readonly lessor: Lessor
  readonly watches = new ChangeFeed()
  readonly accounts: Accounts
  /** The URLs that clients connect to. */
  clientUrls: readonly string[] = []
  readonly #expiryTimer: ExpiryTimer
  #raftTerm = 2n

  constructor({ name, clock, random, firstRevision, progressNotifyIntervalMs }: MemberSettings) {
    this.name = name
    this.clock = clock
    this.progressNotifyIntervalMs = progressNotifyIntervalMs
    this.store = new Store(firstRevision)
    this.lessor = new Lessor(clock, random)
    this.accounts = new Accounts(clock, random)
    this.#expiryTimer = new ExpiryTimer(clock, this.lessor, (lease) => {
      this.revoke(lease)
    })
    this.store.onCommit((changes) => {
      this.lessor.trackKeys(changes)
      this.watches.publish(changes)
    })
  }

  get id(): bigint {
    return identity.memberId
  }

  get raftTerm(): bigint {
    return this.#raftTerm
  }

  /** The header of a response. */
  header(): ResponseHeader {
    const { raftTerm } = this
    return create(ResponseHeaderSchema, { ...identity, revision: this.store.revision, raftTerm })
  }

  grant(ttl: bigint, id: bigint): StoredLease {
    const lease = this.lessor.grant(ttl, id)
    this.#expiryTimer.schedule(lease.id)
    return lease
  }

  /** Ends the lease and deletes its keys in one revision. */
  revoke(lease: bigint): void {
    const keys = this.lessor.remove(lease)
    this.store.write((writer) => {
      for (const key of keys) writer.delete(key)
    })
  }

  /**
   * What a member does when it becomes leader, as after a restart: every lease gets its whole TTL.
   */
  becomeLeader(): void {
    this.#raftTerm += 1n
    this.lessor.renewAll()
  }

  close(): void {
    this.#expiryTimer.close()
  }
}
