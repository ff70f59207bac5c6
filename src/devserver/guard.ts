// Knows which rights each request needs while auth is enabled. Each check returns nothing, or
// throws the refusal.

import type {
  DeleteRangeRequest,
  LeaseTimeToLiveRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
  WatchCreateRequest,
} from '../etcd/wire/gen/rpc_pb.js'
import type { Accounts } from './auth/accounts.js'
import { Rights } from './auth/rights.js'
import type { AccessKind } from './auth/role.js'
import type { Lessor } from './lessor.js'
import type { Caller } from './rpc.js'
import { intervalOf, onlyKey, keyText } from './store/interval.js'

export class Guard {
  readonly #accounts: Accounts
  readonly #leases: Pick<Lessor, 'get'>

  constructor(accounts: Accounts, leases: Pick<Lessor, 'get'>) {
    this.#accounts = accounts
    this.#leases = leases
  }

  /** Accepts a caller without a token, or with a valid one. */
  checkToken(caller: Caller): void {
    this.#rightsOf(caller)
  }

  /** Accepts a caller that has signed in. */
  admitUser(caller: Caller): void {
    this.#rightsOf(caller).requireUser()
  }

  admitAdmin(caller: Caller): void {
    this.#rightsOf(caller).requireAdmin()
  }

  admitRange(caller: Caller, request: RangeRequest): void {
    this.#rightsOf(caller).requireAccess('read', intervalOf(request))
  }

  admitPut(caller: Caller, request: PutRequest): void {
    this.#requirePut(this.#rightsOf(caller), request)
  }

  admitDeleteRange(caller: Caller, request: DeleteRangeRequest): void {
    requireDeleteRange(this.#rightsOf(caller), request)
  }

  /** Requires the rights for both branches, whichever will be executed. */
  admitTxn(caller: Caller, request: TxnRequest): void {
    this.#requireTxn(this.#rightsOf(caller), request)
  }

  admitWatch(caller: Caller, request: WatchCreateRequest): void {
    this.#rightsOf(caller).requireAccess('read', intervalOf(request))
  }

  /** Requires the right to write the lease's keys, because revoking the lease deletes them. */
  admitLeaseRevoke(caller: Caller, lease: bigint): void {
    const rights = this.#rightsOf(caller)
    rights.requireUser()
    this.#requireKeysOf(lease, 'write', rights)
  }

  admitLeaseTimeToLive(caller: Caller, { ID, keys }: LeaseTimeToLiveRequest): void {
    const rights = this.#rightsOf(caller)
    rights.requireUser()
    if (keys) this.#requireKeysOf(ID, 'read', rights)
  }

  #rightsOf({ metadata }: Caller): Rights {
    return new Rights(this.#accounts, metadata)
  }

  #requireTxn(rights: Rights, { compare, success, failure }: TxnRequest): void {
    for (const one of compare) rights.requireAccess('read', intervalOf(one))
    for (const { request } of [...success, ...failure]) {
      switch (request.case) {
        case 'requestRange':
          rights.requireAccess('read', intervalOf(request.value))
          break
        case 'requestPut':
          this.#requirePut(rights, request.value)
          break
        case 'requestDeleteRange':
          requireDeleteRange(rights, request.value)
          break
        case 'requestTxn':
          this.#requireTxn(rights, request.value)
          break
        case undefined:
          break
        default:
          request satisfies never
      }
    }
  }

  #requirePut(rights: Rights, { key, lease, prevKv }: PutRequest): void {
    const interval = onlyKey(keyText(key))
    rights.requireAccess('write', interval)
    // A caller that attaches a key to a lease must be allowed to write all keys on that lease.
    this.#requireKeysOf(lease, 'write', rights)
    if (prevKv) rights.requireAccess('read', interval)
  }

  #requireKeysOf(lease: bigint, access: AccessKind, rights: Rights): void {
    for (const key of this.#leases.get(lease)?.keys ?? [])
      rights.requireAccess(access, onlyKey(key))
  }
}

function requireDeleteRange(rights: Rights, request: DeleteRangeRequest): void {
  const interval = intervalOf(request)
  rights.requireAccess('write', interval)
  if (request.prevKv) rights.requireAccess('read', interval)
}
