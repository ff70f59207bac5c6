// What the election and the lock service have in common: they put a key on a lease and wait until
// no older key is left under the same prefix. Like any client, it uses the other services, with the
// caller's rights.

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

/** The services that a queue uses. */
export interface QueueBackend {
  readonly kv: Pick<Handlers<typeof KV>, 'range' | 'txn' | 'deleteRange'>
  readonly lease: Pick<Handlers<typeof Lease>, 'leaseGrant'>
  readonly watches: Pick<ChangeFeed, 'watch'>
}

/** A key in the queue, waiting or first. */
export interface QueuePlace {
  readonly key: string
  /** The key's create revision: the lowest is first. */
  readonly revision: bigint
  /** False when the key already existed. */
  readonly isNew: boolean
  /** From the response to the transaction that joined the queue. */
  readonly header: ResponseHeader | undefined
}

type Op = NonNullable<MessageInitShape<typeof RequestOpSchema>['request']>

/** The TTL of the lease that is granted to a caller that names none. */
const defaultTtlS = 60n

/** The prefix of all keys of an election or a lock. */
export function prefixOf(name: Uint8Array): string {
  return `${keyText(name)}/`
}

/** As in etcd: these services report every error as UNKNOWN, with the underlying service's text. */
export async function rethrowAsUnknown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new RpcError(Status.unknown, asRpcError(error).message, { cause: error })
  }
}

export class Queue {
  readonly #kv: QueueBackend['kv']
  readonly #leases: QueueBackend['lease']
  readonly #watches: QueueBackend['watches']
  readonly #caller: Caller

  constructor({ kv, lease, watches }: QueueBackend, caller: Caller) {
    this.#kv = kv
    this.#leases = lease
    this.#watches = watches
    this.#caller = caller
  }

  /** Returns the named lease, or for 0 a new one. */
  async lease(id: bigint): Promise<bigint> {
    if (id !== 0n) return id
    const request = create(LeaseGrantRequestSchema, { TTL: defaultTtlS })
    return (await this.#leases.leaseGrant(request, this.#caller)).ID
  }

  async join(name: Uint8Array, lease: bigint, value: Uint8Array): Promise<QueuePlace> {
    const key = `${prefixOf(name)}${lease.toString(16)}`
    const bytes = keyBytes(key)
    const { header, succeeded, responses } = await this.#ifCreatedAt(
      0n,
      bytes,
      { case: 'requestPut', value: { key: bytes, value, lease } },
      { case: 'requestRange', value: { key: bytes } },
    )
    const response = responses[0]?.response
    const revision =
      response?.case === 'responseRange' ? response.value.kvs[0]?.createRevision : header?.revision
    return { key, revision: revision ?? 0n, isNew: succeeded, header }
  }

  /** Puts a new value, if the key still has this create revision. */
  update(key: Uint8Array, createRevision: bigint, value: Uint8Array, lease: bigint) {
    const put: Op = { case: 'requestPut', value: { key, value, lease } }
    return this.#ifCreatedAt(createRevision, key, put)
  }

  /** Deletes the key, if it still has this create revision. */
  leave(key: Uint8Array, createRevision: bigint) {
    return this.#ifCreatedAt(createRevision, key, { case: 'requestDeleteRange', value: { key } })
  }

  /** Waits until no key under the prefix is older. If it fails, it deletes the caller's own key. */
  async waitUntilFirst(name: Uint8Array, { key, revision }: QueuePlace): Promise<void> {
    try {
      for (;;) {
        const older = await this.#range({
          ...inPrefix(name),
          sortOrder: SortOrder.DESCEND,
          maxCreateRevision: revision - 1n,
        })
        const newestOlder = older.kvs[0]
        if (newestOlder === undefined) return
        await this.#waitUntilDeleted(newestOlder)
      }
    } catch (error) {
      await this.leave(keyBytes(key), revision).catch(() => undefined)
      throw error
    }
  }

  /** Reads the key with the lowest create revision. */
  first(name: Uint8Array) {
    return this.#range({ ...inPrefix(name), sortOrder: SortOrder.ASCEND })
  }

  get(key: string) {
    return this.#range({ key: keyBytes(key) })
  }

  async delete(key: Uint8Array) {
    return this.#kv.deleteRange(create(DeleteRangeRequestSchema, { key }), this.#caller)
  }

  #waitUntilDeleted({ key }: KeyValue): Promise<void> {
    return new Promise((resolve, reject) => {
      const unwatch = this.#watches.watch({
        interval: onlyKey(keyText(key)),
        changed: (changes) => {
          if (!changes.some(({ type }) => type === Event_EventType.DELETE)) return
          unwatch()
          removeCallback()
          resolve()
        },
      })
      const removeCallback = this.#caller.onEnd(() => {
        unwatch()
        reject(refusals.callerCanceled())
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
