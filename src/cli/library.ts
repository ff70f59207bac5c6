// The command's one door into the library. All other files of src/cli import the library from here.

// The public API.
export { Candidate, ElectError, Etcd, InvalidArgumentError, Observer } from '../index.js'
export type { CandidateInfo, ErrorCode, EtcdOptions, Leadership } from '../index.js'

// Beyond it, for operators: reading any election, and acting on another candidate's term.
export { checkElection, checkName, decode, encode } from '../election/keys.js'
export { readAll, readLeader, rename } from '../election/requests.js'
export { toInfo } from '../election/roster.js'
export type { EtcdApi } from '../etcd/api.js'
export { optionsFromEnv } from '../etcd/options.js'
export type { KeyValue } from '../etcd/wire/gen/kv_pb.js'
export {
  Compare_CompareResult as CompareResult,
  Compare_CompareTarget as CompareTarget,
} from '../etcd/wire/gen/rpc_pb.js'

// Beyond it, for `elect run`: its keeper follows the lease, and retries back off as in the library.
export { Backoff } from '../base/backoff.js'
export { sleep, systemClock } from '../base/clock.js'
export type { Companion, CompanionListener } from '../base/companion.js'
export { whyNoGuardian } from '../guardian/supervisor.js'
export type { Instant } from '../lease/deadline.js'
export type { Lease } from '../lease/lease.js'

// Beyond it, for `elect doctor`: asking a single member, and granting a lease that nobody renews.
export { grpcTransports } from '../etcd/client.js'
export { Calls } from '../etcd/cluster/calls.js'
export { Members } from '../etcd/cluster/members.js'
export { SignIn } from '../etcd/cluster/sign-in.js'
export { resolveEtcdOptions } from '../etcd/options.js'
export type { ResolvedEtcdOptions } from '../etcd/options.js'
export type { Endpoint } from '../etcd/wire/endpoint.js'
export {
  AlarmRequestSchema,
  Maintenance,
  StatusRequestSchema,
} from '../etcd/wire/gen/maintenance_pb.js'
export type { StatusResponse } from '../etcd/wire/gen/maintenance_pb.js'
export { revokeLease } from '../lease/grant.js'
