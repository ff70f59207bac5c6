// etcd's own election service, for clients that have no election code of their own. It is kept as it is there, with the
// waiter that is told it won although its lease died (https://github.com/etcd-io/etcd/issues/22387).
// It must not know locks.

import { create } from '@bufbuild/protobuf'
import {
  CampaignResponseSchema,
  type Election,
  type LeaderKey,
  type LeaderResponse,
  LeaderResponseSchema,
  ProclaimResponseSchema,
  ResignResponseSchema,
} from '../../etcd/wire/gen/election_pb.js'
import { Event_EventType, type KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import type { ResponseHeader } from '../../etcd/wire/gen/rpc_pb.js'
import { refusals } from '../refusals.js'
import type { Caller, Handlers, Outgoing } from '../rpc.js'
import type { Change } from '../store/change.js'
import { keyBytes, keyText, withPrefix } from '../store/interval.js'
import type { Reader } from '../store/store.js'
import { asUnknown, type Foundation, prefixOf, Queue } from './queue.js'

export interface ElectionFoundation extends Foundation {
  readonly store: Reader
  header(): ResponseHeader
}

export function electionHandlers(foundation: ElectionFoundation): Handlers<typeof Election> {
  return {
    campaign: ({ name, lease, value }, caller) =>
      asUnknown(async () => {
        const queue = new Queue(foundation, caller)
        const leaseId = await queue.lease(lease)
        const place = await queue.join(name, leaseId, value)
        const key = keyBytes(place.key)
        if (!place.isNew) await queue.update(key, place.revision, value, leaseId)
        await queue.untilFirst(name, place)
        const leader = { name, key, rev: place.revision, lease: leaseId }
        return create(CampaignResponseSchema, { header: place.header, leader })
      }),

    proclaim: ({ leader, value }, caller) =>
      asUnknown(async () => {
        const { key, rev, lease } = given(leader)
        const queue = new Queue(foundation, caller)
        const answer = await queue.update(key, rev, value, await queue.lease(lease))
        if (!answer.succeeded) throw refusals.notLeader()
        return create(ProclaimResponseSchema, { header: answer.header })
      }),

    resign: ({ leader }, caller) =>
      asUnknown(async () => {
        const { key, rev } = given(leader)
        const { header } = await new Queue(foundation, caller).leave(key, rev)
        return create(ResignResponseSchema, { header })
      }),

    leader: ({ name }, caller) =>
      asUnknown(async () => {
        const { header, kvs } = await new Queue(foundation, caller).first(name)
        if (kvs[0] === undefined) throw refusals.noLeader()
        return create(LeaderResponseSchema, { header, kv: kvs[0] })
      }),

    observe: (out, caller) => {
      const observation = new Observation(foundation, out, caller)
      return {
        message: ({ name }) => void observation.start(name),
        drained: () => {
          observation.drained()
        },
        gone: () => {
          observation.stop()
        },
      }
    },
  }
}

function given(leader: LeaderKey | undefined): LeaderKey {
  if (leader === undefined) throw refusals.leaderKeyMissing()
  return leader
}

/** Tells each leader, and each value of a leader. Of what a slow client misses, it is told the last. */
class Observation {
  readonly #foundation: ElectionFoundation
  readonly #out: Outgoing<LeaderResponse>
  readonly #caller: Caller
  #leader: KeyValue | undefined
  #missed = false
  #unwatch: (() => void) | undefined
  #isOver = false

  constructor(foundation: ElectionFoundation, out: Outgoing<LeaderResponse>, caller: Caller) {
    this.#foundation = foundation
    this.#out = out
    this.#caller = caller
  }

  async start(name: Uint8Array): Promise<void> {
    try {
      // The only look at the caller's rights, as in a watch.
      await new Queue(this.#foundation, this.#caller).first(name)
    } catch {
      // etcd ends the stream without telling why.
      this.#out.end()
      return
    }
    if (this.#isOver) return
    const interval = withPrefix(prefixOf(name))
    const first = (): KeyValue | undefined => oldest(this.#foundation.store.range(interval))
    this.#unwatch = this.#foundation.watches.watch({
      interval,
      changed: (changes) => {
        for (const change of changes) this.#changed(change, first)
      },
    })
    this.#tell(first())
  }

  drained(): void {
    if (!this.#missed) return
    this.#missed = false
    this.#tell(this.#leader)
  }

  stop(): void {
    this.#isOver = true
    this.#unwatch?.()
  }

  #changed({ key, type, kv }: Change, first: () => KeyValue | undefined): void {
    const isOfLeader = this.#leader !== undefined && keyText(this.#leader.key) === key
    if (this.#leader !== undefined && !isOfLeader) return
    if (type === Event_EventType.PUT) this.#tell(kv)
    else if (isOfLeader) this.#tell(first())
  }

  #tell(leader: KeyValue | undefined): void {
    this.#leader = leader
    if (leader === undefined) return
    if (this.#out.isCongested) this.#missed = true
    else {
      const header = this.#foundation.header()
      this.#out.send(create(LeaderResponseSchema, { header, kv: leader }))
    }
  }
}

function oldest(kvs: Iterable<KeyValue>): KeyValue | undefined {
  let first: KeyValue | undefined
  for (const kv of kvs) {
    if (first === undefined || kv.createRevision < first.createRevision) first = kv
  }
  return first
}
