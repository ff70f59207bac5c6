// The command's one door into the library. What stands here beyond the public API is what operators may do and users
// cannot: read any election, speak to one member alone, act on somebody else's term.

// What every user can use.
export { ElectError, InvalidArgumentError } from '../base/errors.js'
export type { ErrorCode } from '../base/errors.js'
export { Candidate } from '../candidate/candidate.js'
export type { Leadership } from '../candidate/leadership.js'
export type { CandidateInfo } from '../election/roster.js'
export { Etcd } from '../etcd/client.js'
export type { EtcdOptions } from '../etcd/options.js'
export { Observer } from '../observer.js'

// Time and waiting.
export { Backoff } from '../base/backoff.js'
export { sleep, systemClock } from '../base/clock.js'

// Elections as they stand in etcd.
export { checkElection, checkName, decode, encode } from '../election/keys.js'
export { readAll, readLeader, rename } from '../election/requests.js'
export { toInfo } from '../election/roster.js'

// Leases, and what `elect run` needs of them.
export { whyNoGuardian } from '../guardian/supervisor.js'
export type { Instant } from '../lease/deadline.js'
export { revokeLease } from '../lease/grant.js'
export type { Lease } from '../lease/lease.js'

// etcd itself, and one member of it alone.
export type { EtcdApi } from '../etcd/api.js'
export { grpcTransports } from '../etcd/client.js'
export { Calls } from '../etcd/cluster/calls.js'
export { Members } from '../etcd/cluster/members.js'
export { SignIn } from '../etcd/cluster/sign-in.js'
export { optionsFromEnv, resolveEtcdOptions } from '../etcd/options.js'
export type { ResolvedEtcdOptions } from '../etcd/options.js'
export type { Endpoint } from '../etcd/wire/endpoint.js'
export type { KeyValue } from '../etcd/wire/gen/kv_pb.js'
export {
  AlarmRequestSchema,
  Maintenance,
  StatusRequestSchema,
} from '../etcd/wire/gen/maintenance_pb.js'
export type { AlarmResponse, StatusResponse } from '../etcd/wire/gen/maintenance_pb.js'
export { Compare_CompareResult, Compare_CompareTarget } from '../etcd/wire/gen/rpc_pb.js'
