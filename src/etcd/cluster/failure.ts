// What a failed call means: whether to ask another member, to sign in again, to wait, or to give up - and the error
// that the caller then gets. It must not know how calls are made.

import {
  AuthError,
  type ElectError,
  RefusedError,
  SessionLostError,
  TimeoutError,
  UnavailableError,
} from '../../base/errors.js'
import { type RpcError, Status } from '../wire/transport.js'

/**
 * - `moveOn`: this member cannot serve us now; another one may.
 * - `signIn`: the token is missing or void; a new one may help.
 * - `busy`: etcd as a whole is at its limit; asking another member at once would make it worse.
 * - `final`: the answer would be the same again.
 */
export type Verdict = 'moveOn' | 'signIn' | 'busy' | 'final'

// etcd tells causes apart by their texts only; the codes are shared by many
// (https://etcd.io/docs/v3.5/dev-guide/api_reference_v3/ documents neither, so these were read off running servers).
const noSuchLease = /requested lease not found/
const tokenTrouble = /invalid auth token|user name is empty|revision of auth store is old/
const atItsLimit = /too many requests|bandwidth exhausted/i
/** Until somebody makes room (compaction, defragmentation, "alarm disarm"); leases go on being renewed meanwhile. */
const full = /database space exceeded/
const passing =
  /leader changed|not a primary lessor|no leader|not leader|server stopped|request timed out/
// Words of OpenSSL and of Node. A connection that merely broke off during the handshake is none of them: that is also what
// a load balancer before a restarting etcd does.
const certificateTrouble =
  /certificate|self[- ]signed|altnames|wrong version number|packet length too long|alert (unknown ca|handshake failure|protocol version|access denied)/i
const unreachable = /Name resolution failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET/

export function verdictOn(error: RpcError): Verdict {
  if (tokenTrouble.test(error.message)) return 'signIn'
  if (atItsLimit.test(error.message)) return 'busy'
  if (passing.test(error.message)) return 'moveOn'
  switch (error.code) {
    case Status.unauthenticated:
      return 'signIn'
    case Status.unavailable:
    case Status.deadlineExceeded:
    case Status.cancelled:
    case Status.internal:
    case Status.aborted:
    // What a server that is not etcd answers with: an HTML page, a reset, an HTTP status that is not gRPC's.
    case Status.unknown:
      return 'moveOn'
    default:
      return 'final'
  }
}

/** Whether the connection failed because of certificates, which waiting does not fix. */
export function isCertificateTrouble(error: RpcError): boolean {
  return (
    error.code === Status.unavailable &&
    certificateTrouble.test(error.message) &&
    // A host may be called "certificate".
    !unreachable.test(error.message)
  )
}

/** What a caller is told when all is tried. `url` is the member that said it last. */
export function toElectError(error: RpcError, url: string): ElectError {
  const cause = { cause: error }
  // grpc-js ends some of its messages in an empty note.
  const said = `${url}: ${error.message.replace(/ Resolution note: $/, '')}`
  if (noSuchLease.test(error.message)) {
    return new SessionLostError(`etcd no longer has this lease (${said})`, cause)
  }
  if (isCertificateTrouble(error)) {
    return new AuthError(
      `no secure connection to etcd: check 'tls' and the endpoints' scheme (${said})`,
      cause,
    )
  }
  switch (error.code) {
    case Status.deadlineExceeded:
      return new TimeoutError(
        `no answer from etcd in time; whether it acted is not known (${said})`,
        cause,
      )
    case Status.permissionDenied:
      return new AuthError(
        `etcd denies the right: grant this user a role on the election's prefix (${said})`,
        cause,
      )
    case Status.unauthenticated:
      return new AuthError(
        `etcd does not accept the credentials: check 'user' and 'password' (${said})`,
        cause,
      )
    case Status.invalidArgument:
      return /authentication failed|user name is empty|auth/.test(error.message)
        ? new AuthError(
            `etcd does not accept the credentials: check 'user' and 'password' (${said})`,
            cause,
          )
        : new RefusedError(`etcd refused the request (${said})`, { ...cause, retryable: false })
    case Status.unavailable:
    case Status.cancelled:
    case Status.internal:
    case Status.aborted:
    case Status.unknown:
      return new UnavailableError(
        `no etcd member could be reached: check the endpoints and their scheme, http or https (${said})`,
        cause,
      )
    default:
      return new RefusedError(`etcd refused the request (${said})`, {
        ...cause,
        retryable:
          error.code === Status.resourceExhausted &&
          (atItsLimit.test(error.message) || full.test(error.message)),
      })
  }
}
