// Builds the router of a member's services, which grpc/ and in-process.ts serve.

import { Auth } from '../etcd/wire/gen/auth_pb.js'
import { Cluster } from '../etcd/wire/gen/cluster_pb.js'
import { Election } from '../etcd/wire/gen/election_pb.js'
import { Health } from '../etcd/wire/gen/health_pb.js'
import { Lock } from '../etcd/wire/gen/lock_pb.js'
import { Maintenance } from '../etcd/wire/gen/maintenance_pb.js'
import { KV, Lease, Watch } from '../etcd/wire/gen/rpc_pb.js'
import { Guard } from './guard.js'
import type { DevMember } from './member.js'
import { Router } from './rpc.js'
import { authHandlers } from './services/auth.js'
import { clusterHandlers } from './services/cluster.js'
import { electionHandlers } from './services/election.js'
import { healthHandlers } from './services/health.js'
import { kvHandlers } from './services/kv.js'
import { leaseHandlers } from './services/lease.js'
import { lockHandlers } from './services/lock.js'
import { maintenanceHandlers } from './services/maintenance.js'
import { watchHandlers } from './services/watch.js'

export function routerOf(member: DevMember): Router {
  const { accounts, lessor, store, watches } = member
  const guard = new Guard(accounts, lessor)
  const header = () => member.header()
  const kv = kvHandlers(member, guard)
  const lease = leaseHandlers(member, guard)
  const backend = { kv, lease, watches, store, header }
  return new Router()
    .add(KV, kv)
    .add(Watch, watchHandlers(member, guard))
    .add(Lease, lease)
    .add(Auth, authHandlers(accounts, header))
    .add(Maintenance, maintenanceHandlers(member, guard))
    .add(Cluster, clusterHandlers(member, guard))
    .add(Election, electionHandlers(backend))
    .add(Lock, lockHandlers(backend))
    .add(Health, healthHandlers)
}
