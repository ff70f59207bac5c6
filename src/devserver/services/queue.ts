// What the election and the lock service have in common: a key on a lease, and waiting until no older key is under the
// same prefix. Built on the other services as any client would be, with the rights of who calls.
// It must not know what the keys stand for.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { Event_EventType, type KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  DeleteRangeRequestSchema,
  type KV,
  type Lease,
  LeaseGrantRequestSchema,
  RangeRequest_SortOrder as SortOrder,
  RangeRequest_SortTarget as SortTarget,
  RangeRequestSchema,
  type RangeResponse,
  type RequestOpSchema,
  type ResponseHeader,
  TxnRequestSchema,
  type TxnResponse,
} from '../../etcd/wire/gen/rpc_pb.js'
import { RpcError, Status } from '../../etcd/wire/transport.js'
import { refusals } from '../refusals.js'
import { asRpcError, type Caller, type Handlers } from '../rpc.js'
import { keyBytes, onlyKey, keyText, withPrefix } from '../store/interval.js'
import type { ChangeFeed } from '../watch/change-feed.js'

/** What there is to build on. */
export interface Foundation {
  readonly kv: Pick<Handlers<typeof KV>, 'range' | 'txn' | 'deleteRange'>
  readonly lease: Pick<Handlers<typeof Lease>, 'leaseGrant'>
  readonly watches: Pick<ChangeFeed, 'watch'>
}

/** A key that waits, or has come to the front. */
export interface Place {
  readonly key: string
  /** The create revision of the key: the oldest goes first. */
  readonly revision: bigint
  /** False when the key was there already. */
  readonly isNew: boolean
  /** Of the transaction that joined. */
  readonly header: ResponseHeader | undefined
}

type Op = NonNullable<MessageInitShape<typeof RequestOpSchema>['request']>

/** For callers that name no lease. */
const defaultTtlS = 60n

/** What all keys of an election, or of a lock, begin with. */
export function prefixOf(name: Uint8Array): string {
  return `${keyText(name)}/`
}

/** These services tell every error as unknown, with the text that the service below them gave it. */
export async function asUnknown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new RpcError(Status.unknown, asRpcError(error).message, { cause: error })
  }
}

export class Queue {
  readonly #kv: Foundation['kv']
  readonly #leases: Foundation['lease']
  readonly #watches: Foundation['watches']
  readonly #caller: Caller

  constructor({ kv, lease, watches }: Foundation, caller: Caller) {
    this.#kv = kv
    this.#leases = lease
    this.#watches = watches
    this.#caller = caller
  }

  /** The lease that was named, or a new one. */
  async lease(id: bigint): Promise<bigint> {
    if (id !== 0n) return id
    const request = create(LeaseGrantRequestSchema, { TTL: defaultTtlS })
    return (await this.#leases.leaseGrant(request, this.#caller)).ID
  }

  async join(name: Uint8Array, lease: bigint, value: Uint8Array): Promise<Place> {
    const key = `${prefixOf(name)}${lease.toString(16)}`
    const bytes = keyBytes(key)
    const { header, succeeded, responses } = await this.#ifCreatedAt(
      0n,
      bytes,
      { case: 'requestPut', value: { key: bytes, value, lease } },
      { case: 'requestRange', value: { key: bytes } },
    )
    const present = responses[0]?.response
    const revision =
      present?.case === 'responseRange' ? present.value.kvs[0]?.createRevision : header?.revision
    return { key, revision: revision ?? 0n, isNew: succeeded, header }
  }

  /** Puts the key anew, if it is still the one that was created then. */
  update(key: Uint8Array, createRevision: bigint, value: Uint8Array, lease: bigint) {
    const put: Op = { case: 'requestPut', value: { key, value, lease } }
    return this.#ifCreatedAt(createRevision, key, put)
  }

  /** Deletes the key, if it is still the one that was created then. */
  leave(key: Uint8Array, createRevision: bigint) {
    return this.#ifCreatedAt(createRevision, key, { case: 'requestDeleteRange', value: { key } })
  }

  /** Waits until no key under the prefix is older. A caller that goes away meanwhile takes its own key along. */
  async untilFirst(name: Uint8Array, { key, revision }: Place): Promise<void> {
    try {
      for (;;) {
        const older = await this.#range({
          ...inPrefix(name),
          sortOrder: SortOrder.DESCEND,
          maxCreateRevision: revision - 1n,
        })
        const predecessor = older.kvs[0]
        if (predecessor === undefined) return
        await this.#untilGone(predecessor)
      }
    } catch (error) {
      await this.leave(keyBytes(key), revision).catch(() => undefined)
      throw error
    }
  }

  /** The key that was created first. */
  first(name: Uint8Array) {
    return this.#range({ ...inPrefix(name), sortOrder: SortOrder.ASCEND })
  }

  get(key: string) {
    return this.#range({ key: keyBytes(key) })
  }

  async delete(key: Uint8Array) {
    return this.#kv.deleteRange(create(DeleteRangeRequestSchema, { key }), this.#caller)
  }

  #untilGone({ key }: KeyValue): Promise<void> {
    return new Promise((resolve, reject) => {
      const unwatch = this.#watches.watch({
        interval: onlyKey(keyText(key)),
        changed: (changes) => {
          if (!changes.some(({ type }) => type === Event_EventType.DELETE)) return
          unwatch()
          forget()
          resolve()
        },
      })
      const forget = this.#caller.onGone(() => {
        unwatch()
        reject(refusals.callerGone())
      })
    })
  }

  async #range(request: MessageInitShape<typeof RangeRequestSchema>): Promise<RangeResponse> {
    return this.#kv.range(create(RangeRequestSchema, request), this.#caller)
  }

  async #ifCreatedAt(
    createRevision: bigint,
    key: Uint8Array,
    success: Op,
    failure?: Op,
  ): Promise<TxnResponse> {
    const request = create(TxnRequestSchema, {
      compare: [
        {
          key,
          target: Target.CREATE,
          result: Result.EQUAL,
          targetUnion: { case: 'createRevision', value: createRevision },
        },
      ],
      success: [{ request: success }],
      failure: failure === undefined ? [] : [{ request: failure }],
    })
    return this.#kv.txn(request, this.#caller)
  }
}

function inPrefix(name: Uint8Array) {
  const { first, end } = withPrefix(prefixOf(name))
  return {
    key: keyBytes(first),
    rangeEnd: keyBytes(end ?? '\0'),
    sortTarget: SortTarget.CREATE,
    limit: 1n,
  }
}
