// The methods of an etcd by short names, which keep the cases readable.

import { Auth } from '../../../../src/etcd/wire/gen/auth_pb.js'
import { Cluster } from '../../../../src/etcd/wire/gen/cluster_pb.js'
import { Election } from '../../../../src/etcd/wire/gen/election_pb.js'
import { Health } from '../../../../src/etcd/wire/gen/health_pb.js'
import { Lock } from '../../../../src/etcd/wire/gen/lock_pb.js'
import { Maintenance } from '../../../../src/etcd/wire/gen/maintenance_pb.js'
import {
  KV,
  Lease,
  Watch,
  type CompactionRequestSchema,
  type DeleteRangeRequestSchema,
  type LeaseTimeToLiveRequestSchema,
  type PutRequestSchema,
  type RangeRequestSchema,
  type TxnRequestSchema,
  type WatchCreateRequestSchema,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { RawClient, type Request } from './client.js'

export class RawEtcd extends RawClient {
  readonly auth = Auth.method
  readonly election = Election.method
  readonly lock = Lock.method
  readonly health = Health.method

  range(request: Request<typeof RangeRequestSchema>) {
    return this.call(KV.method.range, request)
  }

  put(request: Request<typeof PutRequestSchema>) {
    return this.call(KV.method.put, request)
  }

  deleteRange(request: Request<typeof DeleteRangeRequestSchema>) {
    return this.call(KV.method.deleteRange, request)
  }

  txn(request: Request<typeof TxnRequestSchema>) {
    return this.call(KV.method.txn, request)
  }

  compact(request: Request<typeof CompactionRequestSchema>) {
    return this.call(KV.method.compact, request)
  }

  grant(TTL: bigint, ID = 0n) {
    return this.call(Lease.method.leaseGrant, { TTL, ID })
  }

  revoke(ID: bigint) {
    return this.call(Lease.method.leaseRevoke, { ID })
  }

  timeToLive(request: Request<typeof LeaseTimeToLiveRequestSchema>) {
    return this.call(Lease.method.leaseTimeToLive, request)
  }

  leases() {
    return this.call(Lease.method.leaseLeases, {})
  }

  keepAlive() {
    return this.stream(Lease.method.leaseKeepAlive)
  }

  /** Opens a watch stream; if a request is given, also requests a watch. */
  watch(createRequest?: Request<typeof WatchCreateRequestSchema>) {
    const stream = this.stream(Watch.method.watch)
    if (createRequest !== undefined) stream.send({ createRequest })
    return stream
  }

  members(linearizable = true) {
    return this.call(Cluster.method.memberList, { linearizable })
  }

  status() {
    return this.call(Maintenance.method.status, {})
  }

  /** The current revision of the store. */
  async revision(): Promise<bigint> {
    const { header } = await this.range({ key: '\0', countOnly: true })
    return header?.revision ?? 0n
  }
}
