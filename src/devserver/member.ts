// One etcd member: what it keeps, joined so that each change reaches all that hangs on it, and what time does to it.
// It must not know requests, nor who may do what.

import { create } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.js'
import { type ResponseHeader, ResponseHeaderSchema } from '../etcd/wire/gen/rpc_pb.js'
import { Accounts } from './auth/accounts.js'
import { Expiry } from './expiry.js'
import { type StoredLease, Lessor } from './lessor.js'
import { Store } from './store/store.js'
import { ChangeFeed } from './watch/change-feed.js'

export interface MemberSettings {
  readonly name: string
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  readonly firstRevision: bigint
  /** How often an idle watch that wants it is told how far the store is. */
  readonly progressNotifyIntervalMs: number
}

/** Whom the answers come from. All devservers are the same member of the same cluster, as one that was restarted is. */
const identity = { clusterId: 0xdec0_de00_0000_0001n, memberId: 0xdec0_de00_0000_0002n } as const

export class DevMember {
  readonly name: string
  /** What it behaves like. */
  readonly version = '3.6.0'
  readonly clock: Clock
  readonly progressNotifyIntervalMs: number
  readonly store: Store
  readonly lessor: Lessor
  readonly watches = new ChangeFeed()
  readonly accounts: Accounts
  /** Where clients find it. */
  clientUrls: readonly string[] = []
  readonly #expiry: Expiry
  #raftTerm = 2n

  constructor({ name, clock, random, firstRevision, progressNotifyIntervalMs }: MemberSettings) {
    this.name = name
    this.clock = clock
    this.progressNotifyIntervalMs = progressNotifyIntervalMs
    this.store = new Store(firstRevision)
    this.lessor = new Lessor(clock, random)
    this.accounts = new Accounts(clock, random)
    this.#expiry = new Expiry(clock, this.lessor, (lease) => {
      this.revoke(lease)
    })
    this.store.onCommit((changes) => {
      this.lessor.follow(changes)
      this.watches.publish(changes)
    })
  }

  get id(): bigint {
    return identity.memberId
  }

  get raftTerm(): bigint {
    return this.#raftTerm
  }

  /** What every answer begins with. */
  header(): ResponseHeader {
    const { raftTerm } = this
    return create(ResponseHeaderSchema, { ...identity, revision: this.store.revision, raftTerm })
  }

  grant(ttl: bigint, id: bigint): StoredLease {
    const lease = this.lessor.grant(ttl, id)
    this.#expiry.expect(lease.id)
    return lease
  }

  /** Ends a lease, and deletes its keys, all in one revision. */
  revoke(lease: bigint): void {
    const keys = this.lessor.remove(lease)
    this.store.write((writer) => {
      for (const key of keys) writer.delete(key)
    })
  }

  /** What a member does that has just become leader, as after a restart: every lease begins anew. */
  becomeLeader(): void {
    this.#raftTerm += 1n
    this.lessor.renewAll()
  }

  close(): void {
    this.#expiry.close()
  }
}
