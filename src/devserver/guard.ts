// Which rights each request needs, once users and roles are in force. Every question is answered by nothing, or by
// throwing the refusal. It must not know who has which rights, nor carry anything out.

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

  /** Anybody who shows no token, or one that is not void. */
  checkToken(caller: Caller): void {
    this.#rightsOf(caller)
  }

  /** Anybody who has signed in. */
  admitUser(caller: Caller): void {
    this.#rightsOf(caller).needUser()
  }

  admitAdmin(caller: Caller): void {
    this.#rightsOf(caller).needAdmin()
  }

  admitRange(caller: Caller, request: RangeRequest): void {
    this.#rightsOf(caller).needAccess('read', intervalOf(request))
  }

  admitPut(caller: Caller, request: PutRequest): void {
    this.#needPut(this.#rightsOf(caller), request)
  }

  admitDeleteRange(caller: Caller, request: DeleteRangeRequest): void {
    needDeleteRange(this.#rightsOf(caller), request)
  }

  /** All of it is asked for, whichever part will be done. */
  admitTxn(caller: Caller, request: TxnRequest): void {
    this.#needTxn(this.#rightsOf(caller), request)
  }

  admitWatch(caller: Caller, request: WatchCreateRequest): void {
    this.#rightsOf(caller).needAccess('read', intervalOf(request))
  }

  /** Whoever ends a lease deletes its keys. */
  admitLeaseRevoke(caller: Caller, lease: bigint): void {
    const rights = this.#rightsOf(caller)
    rights.needUser()
    this.#needKeysOf(lease, 'write', rights)
  }

  admitLeaseTimeToLive(caller: Caller, { ID, keys }: LeaseTimeToLiveRequest): void {
    const rights = this.#rightsOf(caller)
    rights.needUser()
    if (keys) this.#needKeysOf(ID, 'read', rights)
  }

  #rightsOf({ metadata }: Caller): Rights {
    return new Rights(this.#accounts, metadata)
  }

  #needTxn(rights: Rights, { compare, success, failure }: TxnRequest): void {
    for (const one of compare) rights.needAccess('read', intervalOf(one))
    for (const { request } of [...success, ...failure]) {
      switch (request.case) {
        case 'requestRange':
          rights.needAccess('read', intervalOf(request.value))
          break
        case 'requestPut':
          this.#needPut(rights, request.value)
          break
        case 'requestDeleteRange':
          needDeleteRange(rights, request.value)
          break
        case 'requestTxn':
          this.#needTxn(rights, request.value)
          break
        case undefined:
          break
        default:
          request satisfies never
      }
    }
  }

  #needPut(rights: Rights, { key, lease, prevKv }: PutRequest): void {
    const interval = onlyKey(keyText(key))
    rights.needAccess('write', interval)
    // Who may put a key on a lease could end it, by and by, with all that others keep on it.
    this.#needKeysOf(lease, 'write', rights)
    if (prevKv) rights.needAccess('read', interval)
  }

  #needKeysOf(lease: bigint, access: AccessKind, rights: Rights): void {
    for (const key of this.#leases.get(lease)?.keys ?? []) rights.needAccess(access, onlyKey(key))
  }
}

function needDeleteRange(rights: Rights, request: DeleteRangeRequest): void {
  const interval = intervalOf(request)
  rights.needAccess('write', interval)
  if (request.prevKv) rights.needAccess('read', interval)
}
