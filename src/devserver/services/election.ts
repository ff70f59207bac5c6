// etcd's own election service, for clients without election code of their own. It behaves as in
// etcd, including the bug that a waiting candidate is told that it won although its lease has ended
// (https://github.com/etcd-io/etcd/issues/22387).

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
import type { Caller, Handlers, ResponseStream } from '../rpc.js'
import type { Change } from '../store/change.js'
import { keyBytes, keyText, withPrefix } from '../store/interval.js'
import type { Reader } from '../store/store.js'
import { rethrowAsUnknown, type QueueBackend, prefixOf, Queue } from './queue.js'

export interface ElectionBackend extends QueueBackend {
  readonly store: Reader
  header(): ResponseHeader
}

export function electionHandlers(backend: ElectionBackend): Handlers<typeof Election> {
  return {
    campaign: ({ name, lease, value }, caller) =>
      rethrowAsUnknown(async () => {
        const queue = new Queue(backend, caller)
        const leaseId = await queue.lease(lease)
        const place = await queue.join(name, leaseId, value)
        const key = keyBytes(place.key)
        if (!place.isNew) await queue.update(key, place.revision, value, leaseId)
        await queue.waitUntilFirst(name, place)
        const leader = { name, key, rev: place.revision, lease: leaseId }
        return create(CampaignResponseSchema, { header: place.header, leader })
      }),

    proclaim: ({ leader, value }, caller) =>
      rethrowAsUnknown(async () => {
        const { key, rev, lease } = requireLeaderKey(leader)
        const queue = new Queue(backend, caller)
        const { header, succeeded } = await queue.update(key, rev, value, await queue.lease(lease))
        if (!succeeded) throw refusals.notLeader()
        return create(ProclaimResponseSchema, { header })
      }),

    resign: ({ leader }, caller) =>
      rethrowAsUnknown(async () => {
        const { key, rev } = requireLeaderKey(leader)
        const { header } = await new Queue(backend, caller).leave(key, rev)
        return create(ResignResponseSchema, { header })
      }),

    leader: ({ name }, caller) =>
      rethrowAsUnknown(async () => {
        const { header, kvs } = await new Queue(backend, caller).first(name)
        if (kvs[0] === undefined) throw refusals.noLeader()
        return create(LeaderResponseSchema, { header, kv: kvs[0] })
      }),

    observe: (out, caller) => {
      const observation = new LeaderObservation(backend, out, caller)
      return {
        message: ({ name }) => void observation.start(name),
        drained: () => {
          observation.drained()
        },
        closed: () => {
          observation.stop()
        },
      }
    },
  }
}

function requireLeaderKey(leader: LeaderKey | undefined): LeaderKey {
  if (leader === undefined) throw refusals.leaderKeyMissing()
  return leader
}

/**
 * Sends each leader, and each new value of a leader. A client that reads too slowly gets only the
 * latest of what it missed.
 */
class LeaderObservation {
  readonly #backend: ElectionBackend
  readonly #out: ResponseStream<LeaderResponse>
  readonly #caller: Caller
  #leader: KeyValue | undefined
  #hasUnsent = false
  #unwatch: (() => void) | undefined
  #isOver = false

  constructor(backend: ElectionBackend, out: ResponseStream<LeaderResponse>, caller: Caller) {
    this.#backend = backend
    this.#out = out
    this.#caller = caller
  }

  async start(name: Uint8Array): Promise<void> {
    try {
      // The caller's rights are checked only here, as for a watch.
      await new Queue(this.#backend, this.#caller).first(name)
    } catch {
      // etcd ends the stream without an error.
      this.#out.end()
      return
    }
    if (this.#isOver) return
    const interval = withPrefix(prefixOf(name))
    const findLeader = (): KeyValue | undefined => oldest(this.#backend.store.range(interval))
    this.#unwatch = this.#backend.watches.watch({
      interval,
      changed: (changes) => {
        for (const change of changes) this.#handle(change, findLeader)
      },
    })
    this.#send(findLeader())
  }

  drained(): void {
    if (!this.#hasUnsent) return
    this.#hasUnsent = false
    this.#send(this.#leader)
  }

  stop(): void {
    this.#isOver = true
    this.#unwatch?.()
  }

  #handle({ key, type, kv }: Change, findLeader: () => KeyValue | undefined): void {
    const isLeaderKey = this.#leader !== undefined && keyText(this.#leader.key) === key
    if (this.#leader !== undefined && !isLeaderKey) return
    if (type === Event_EventType.PUT) this.#send(kv)
    else if (isLeaderKey) this.#send(findLeader())
  }

  #send(leader: KeyValue | undefined): void {
    this.#leader = leader
    if (leader === undefined) return
    if (this.#out.isCongested) this.#hasUnsent = true
    else {
      const header = this.#backend.header()
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
