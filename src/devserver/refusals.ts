// The errors with which etcd refuses requests. Clients compare the status codes and texts, so they
// are those of etcd 3.6, read off a running one.

import { RpcError, Status } from '../etcd/wire/transport.js'

function refusal(code: number, text: string): () => RpcError {
  return () => new RpcError(code, text)
}

const invalid = (text: string) => refusal(Status.invalidArgument, `etcdserver: ${text}`)
const outOfRange = (text: string) => refusal(Status.outOfRange, `etcdserver: ${text}`)
const precondition = (text: string) => refusal(Status.failedPrecondition, `etcdserver: ${text}`)

export const refusals = {
  emptyKey: invalid('key is not provided'),
  keyNotFound: invalid('key not found'),
  valueProvided: invalid('value is provided'),
  leaseProvided: invalid('lease is provided'),
  tooManyOps: invalid('too many operations in txn request'),
  duplicateKey: invalid('duplicate key given in txn request'),
  invalidSort: invalid('invalid sort option'),
  requestTooLarge: invalid('request is too large'),

  compacted: outOfRange('mvcc: required revision has been compacted'),
  futureRevision: outOfRange('mvcc: required revision is a future revision'),

  leaseNotFound: refusal(Status.notFound, 'etcdserver: requested lease not found'),
  leaseExists: precondition('lease already exists'),
  leaseTtlTooLarge: outOfRange('too large lease TTL'),

  userEmpty: invalid('user name is empty'),
  userExists: precondition('user name already exists'),
  userNotFound: precondition('user name not found'),
  roleEmpty: invalid('role name is empty'),
  roleExists: precondition('role name already exists'),
  roleNotFound: precondition('role name not found'),
  roleNotGranted: precondition('role is not granted to the user'),
  permissionNotGiven: invalid('permission not given'),
  permissionNotGranted: precondition('permission is not granted to the role'),
  invalidAuthManagement: invalid('invalid auth management'),
  rootUserMissing: precondition('root user does not exist'),
  rootRoleMissing: precondition('root user does not have root role'),
  authNotEnabled: precondition('authentication is not enabled'),
  authFailed: invalid('authentication failed, invalid user ID or password'),
  noPasswordUser: refusal(
    Status.unknown,
    'auth: authentication failed, password was given for no password user',
  ),
  passwordTooLong: refusal(Status.unknown, 'bcrypt: password length exceeds 72 bytes'),
  invalidToken: refusal(Status.unauthenticated, 'etcdserver: invalid auth token'),
  permissionDenied: refusal(Status.permissionDenied, 'etcdserver: permission denied'),

  alarmsMissing: refusal(Status.unimplemented, 'the devserver raises no alarms'),
  unknownHealthService: refusal(Status.notFound, 'unknown service'),
  noLeader: refusal(Status.unknown, 'election: no leader'),
  notLeader: refusal(Status.unknown, 'election: not leader'),
  leaderKeyMissing: refusal(Status.unknown, '"leader" field must be provided'),
  sessionExpired: refusal(Status.unknown, 'mutex: session is expired'),

  serverStopped: refusal(Status.unavailable, 'etcdserver: server stopped'),
  callerCanceled: refusal(Status.cancelled, 'context canceled'),
} as const
