// Judges a failed call: ask another member, sign in again, wait, or give up. Makes the error that
// the caller then gets.

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
 * - `moveOn`: this member cannot serve the call now; another member may.
 * - `signIn`: the sign-in token is missing or void; a new one may help.
 * - `busy`: the whole etcd is overloaded; asking another member at once would make it worse.
 * - `final`: another attempt would get the same answer.
 */
export type Verdict = 'moveOn' | 'signIn' | 'busy' | 'final'

// Only the texts tell etcd's causes apart: many share a code. Neither is documented in
// https://etcd.io/docs/v3.5/dev-guide/api_reference_v3/, so these come from running servers.
const noSuchLease = /requested lease not found/
const tokenError = /invalid auth token|user name is empty|revision of auth store is old/
const overloaded = /too many requests|bandwidth exhausted/i
/**
 * Until an operator makes room (compaction, defragmentation, "alarm disarm"). Renewals still work.
 */
const outOfSpace = /database space exceeded/
const temporary =
  /leader changed|not a primary lessor|no leader|not leader|server stopped|request timed out/
// Texts of OpenSSL and Node.js. A connection that only breaks off during the handshake does not
// count: a load balancer in front of a restarting etcd does that too.
const certificateError =
  /certificate|self[- ]signed|altnames|wrong version number|packet length too long|alert (unknown ca|handshake failure|protocol version|access denied)/i
const unreachable = /Name resolution failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET/

export function verdictOn(error: RpcError): Verdict {
  if (tokenError.test(error.message)) return 'signIn'
  if (overloaded.test(error.message)) return 'busy'
  if (temporary.test(error.message)) return 'moveOn'
  switch (error.code) {
    case Status.unauthenticated:
      return 'signIn'
    case Status.unavailable:
    case Status.deadlineExceeded:
    case Status.cancelled:
    case Status.internal:
    case Status.aborted:
    // A server that is not etcd gives this: an HTML page, a reset, an HTTP status that is not
    // gRPC's.
    case Status.unknown:
      return 'moveOn'
    default:
      return 'final'
  }
}

/** Whether the connection failed because of certificates: then waiting does not help. */
export function isCertificateError(error: RpcError): boolean {
  return (
    error.code === Status.unavailable &&
    certificateError.test(error.message) &&
    // The name of a host may contain "certificate".
    !unreachable.test(error.message)
  )
}

/**
 * Makes the error that a caller gets for the last failed attempt.
 *
 * @param url the endpoint that the attempt went to
 */
export function toElectError(error: RpcError, url: string): ElectError {
  const cause = { cause: error }
  // grpc-js appends an empty note to some messages.
  const detail = `${url}: ${error.message.replace(/ Resolution note: $/, '')}`
  if (noSuchLease.test(error.message)) {
    return new SessionLostError(`etcd no longer has this lease (${detail})`, cause)
  }
  if (isCertificateError(error)) {
    return new AuthError(
      `no secure connection to etcd: check 'tls' and the endpoints' scheme (${detail})`,
      cause,
    )
  }
  switch (error.code) {
    case Status.deadlineExceeded:
      return new TimeoutError(
        `no answer from etcd in time; whether it acted is not known (${detail})`,
        cause,
      )
    case Status.permissionDenied:
      return new AuthError(
        `etcd denies the right: grant this user a role on the election's prefix (${detail})`,
        cause,
      )
    case Status.unauthenticated:
      return new AuthError(
        `etcd does not accept the credentials: check 'user' and 'password' (${detail})`,
        cause,
      )
    case Status.invalidArgument:
      return /authentication failed|user name is empty|auth/.test(error.message)
        ? new AuthError(
            `etcd does not accept the credentials: check 'user' and 'password' (${detail})`,
            cause,
          )
        : new RefusedError(`etcd refused the request (${detail})`, { ...cause, retryable: false })
    case Status.unavailable:
    case Status.cancelled:
    case Status.internal:
    case Status.aborted:
    case Status.unknown:
      return new UnavailableError(
        `no etcd member could be reached: check the endpoints and their scheme, http or https (${detail})`,
        cause,
      )
    default:
      return new RefusedError(`etcd refused the request (${detail})`, {
        ...cause,
        retryable:
          error.code === Status.resourceExhausted &&
          (overloaded.test(error.message) || outOfSpace.test(error.message)),
      })
  }
}
