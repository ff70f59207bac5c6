import { describe, expect, test } from 'vitest'
import {
  isCertificateError,
  toElectError,
  verdictOn,
} from '../../../../src/etcd/cluster/failure.js'
import { RpcError, Status } from '../../../../src/etcd/wire/transport.js'

const failure = (code: number, message = ''): RpcError => new RpcError(code, message)

describe('another member is asked', () => {
  test.each([
    ['is not reachable', Status.unavailable, 'connect ECONNREFUSED 10.0.0.1:2379'],
    ['does not answer in time', Status.deadlineExceeded, 'Deadline exceeded'],
    ['closed the connection', Status.cancelled, 'Call cancelled'],
    ['reset the stream', Status.internal, 'Received RST_STREAM with code 2'],
    ['aborted', Status.aborted, ''],
    ['is not etcd', Status.unknown, 'Received HTTP status code 405'],
    ['has no leader', Status.unavailable, 'etcdserver: no leader'],
    ['was the leader until now', Status.unknown, 'etcdserver: leader changed'],
    ['is not the one for leases', Status.failedPrecondition, 'etcdserver: not a primary lessor'],
    ['is stopping', Status.unavailable, 'etcdserver: server stopped'],
    ['got no answer itself', Status.unavailable, 'etcdserver: request timed out'],
  ])('when one %s', (_what, code, message) => {
    expect(verdictOn(failure(code, message))).toBe('moveOn')
  })
})

test.each([
  'leader changed',
  'not a primary lessor',
  'no leader',
  'not leader',
  'server stopped',
  'request timed out',
])('another member is asked after "%s", whatever the status', (message) => {
  expect(verdictOn(failure(Status.failedPrecondition, `etcdserver: ${message}`))).toBe('moveOn')
})

describe('the client signs in again', () => {
  test.each([
    ['unauthenticated', Status.unauthenticated, 'etcdserver: invalid auth token'],
    ['a void token under another code', Status.unknown, 'etcdserver: invalid auth token'],
    ['no token', Status.invalidArgument, 'etcdserver: user name is empty'],
    ['an old one', Status.invalidArgument, 'etcdserver: revision of auth store is old'],
  ])('after %s', (_what, code, message) => {
    expect(verdictOn(failure(code, message))).toBe('signIn')
  })
})

test.each(['etcdserver: too many requests', 'Bandwidth exhausted'])(
  'the client waits after "%s"',
  (message) => {
    expect(verdictOn(failure(Status.resourceExhausted, message))).toBe('busy')
  },
)

describe('no further attempt is made', () => {
  test.each([
    ['denied right', Status.permissionDenied, 'etcdserver: permission denied'],
    ['lease that is gone', Status.notFound, 'etcdserver: requested lease not found'],
    ['lack of space', Status.resourceExhausted, 'etcdserver: mvcc: database space exceeded'],
    ['malformed request', Status.invalidArgument, 'etcdserver: key is not provided'],
    ['wrong password', Status.invalidArgument, 'etcdserver: authentication failed'],
    ['request that etcd does not know', Status.unimplemented, 'unknown method'],
  ])('after a %s', (_what, code, message) => {
    expect(verdictOn(failure(code, message))).toBe('final')
  })
})

describe('a certificate error', () => {
  test.each([
    'self-signed certificate',
    'unable to verify the first certificate',
    "Hostname/IP does not match certificate's altnames",
    'ssl3_get_record:wrong version number',
    'packet length too long',
    'sslv3 alert handshake failure',
    'tlsv1 alert unknown ca',
  ])('is "%s"', (message) => {
    expect(isCertificateError(failure(Status.unavailable, message))).toBe(true)
  })

  test.each([
    ['a host that is only called so', Status.unavailable, 'ENOTFOUND certificate.example'],
    ['a connection that breaks off', Status.unavailable, 'read ECONNRESET'],
    ['what an etcd answers', Status.invalidArgument, 'certificate'],
  ])('is not %s', (_what, code, message) => {
    expect(isCertificateError(failure(code, message))).toBe(false)
  })
})

describe('the caller gets', () => {
  test.each([
    ['ELECT_SESSION_LOST', true, Status.notFound, 'etcdserver: requested lease not found'],
    ['ELECT_AUTH', false, Status.unavailable, 'self-signed certificate'],
    ['ELECT_TIMEOUT', true, Status.deadlineExceeded, ''],
    ['ELECT_AUTH', false, Status.permissionDenied, 'etcdserver: permission denied'],
    ['ELECT_AUTH', false, Status.unauthenticated, ''],
    ['ELECT_AUTH', false, Status.invalidArgument, 'etcdserver: authentication failed'],
    ['ELECT_AUTH', false, Status.invalidArgument, 'etcdserver: user name is empty'],
    ['ELECT_REFUSED', false, Status.invalidArgument, 'etcdserver: request is too large'],
    ['ELECT_UNAVAILABLE', true, Status.unavailable, ''],
    ['ELECT_UNAVAILABLE', true, Status.cancelled, ''],
    ['ELECT_UNAVAILABLE', true, Status.internal, ''],
    ['ELECT_UNAVAILABLE', true, Status.aborted, ''],
    ['ELECT_UNAVAILABLE', true, Status.unknown, ''],
    ['ELECT_REFUSED', true, Status.resourceExhausted, 'etcdserver: too many requests'],
    ['ELECT_REFUSED', true, Status.resourceExhausted, 'mvcc: database space exceeded'],
    ['ELECT_REFUSED', false, Status.resourceExhausted, 'message larger than max'],
    ['ELECT_REFUSED', false, Status.outOfRange, 'required revision is a future revision'],
  ])('%s, retryable: %s, for status %d "%s"', (code, retryable, status, message) => {
    const cause = failure(status, message)
    expect(toElectError(cause, 'http://a:1')).toMatchObject({ code, retryable, cause })
  })

  test('an error that names the endpoint and what came from there', () => {
    const { message } = toElectError(
      failure(Status.unavailable, 'Name resolution failed Resolution note: '),
      'http://a:1',
    )
    expect(message).toMatch(/\(http:\/\/a:1: Name resolution failed\)$/)
  })
})
