// The errors that this library throws: a class for each cause that callers may tell apart.

import { show } from './show.js'

/** The stable names of errors. `error.code` is one of them. */
export const errorCodes = [
  'ELECT_NOT_LEADER',
  'ELECT_NO_LEADER',
  'ELECT_LEADERSHIP_LOST',
  'ELECT_CAMPAIGN_PENDING',
  'ELECT_ALREADY_A_CANDIDATE',
  'ELECT_SESSION_LOST',
  'ELECT_CLOSED',
  'ELECT_TIMEOUT',
  'ELECT_UNAVAILABLE',
  'ELECT_AUTH',
  'ELECT_REFUSED',
  'ELECT_INVALID_ARGUMENT',
] as const

export type ErrorCode = (typeof errorCodes)[number]

const brand = Symbol.for('etcd-elect.error')

/**
 * The base class of all errors of this library.
 *
 * `instanceof ElectError` works across copies of the package: it looks for a registered symbol, not
 * for the class. `instanceof` a subclass looks for the class; compare `code` instead.
 */
export abstract class ElectError extends Error {
  /** Stable across versions. Compare this, never the message. */
  abstract readonly code: ErrorCode
  /** Whether the same call may succeed later, without any change by the caller. */
  abstract readonly retryable: boolean

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ElectError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** Only the leader may make this call, and this candidate does not lead. */
export class NotLeaderError extends ElectError {
  readonly code = 'ELECT_NOT_LEADER'
  readonly retryable = false
}

/** This election has no leader at the moment. */
export class NoLeaderError extends ElectError {
  readonly code = 'ELECT_NO_LEADER'
  readonly retryable = true
}

/** The reason with which `leadership.signal` is aborted. Its `cause` says what happened. */
export class LeadershipLostError extends ElectError {
  readonly code = 'ELECT_LEADERSHIP_LOST'
  readonly retryable = false
}

/** An earlier `campaign()` of the same candidate still waits. */
export class CampaignPendingError extends ElectError {
  readonly code = 'ELECT_CAMPAIGN_PENDING'
  readonly retryable = false
}

/** Another candidate of the same session is in this election, and the two would share one key. */
export class AlreadyACandidateError extends ElectError {
  readonly code = 'ELECT_ALREADY_A_CANDIDATE'
  readonly retryable = false
}

/** The lease that the call depended on is gone. */
export class SessionLostError extends ElectError {
  readonly code = 'ELECT_SESSION_LOST'
  readonly retryable = true
}

/** The object is closed and takes no more calls. */
export class ClosedError extends ElectError {
  readonly code = 'ELECT_CLOSED'
  readonly retryable = false
}

/** etcd did not answer in time. Whether it acted on the request is not known. */
export class TimeoutError extends ElectError {
  readonly code = 'ELECT_TIMEOUT'
  readonly retryable = true
}

/** No member of etcd could be reached, or no reachable member has a raft leader. */
export class UnavailableError extends ElectError {
  readonly code = 'ELECT_UNAVAILABLE'
  readonly retryable = true
}

/** etcd does not accept the user, the password or the certificate, or the user lacks a right. */
export class AuthError extends ElectError {
  readonly code = 'ELECT_AUTH'
  readonly retryable = false
}

/** etcd understood the request and refused it: too large, out of space, too many requests, … */
export class RefusedError extends ElectError {
  readonly code = 'ELECT_REFUSED'
  readonly retryable: boolean

  constructor(message: string, options: ErrorOptions & { retryable: boolean }) {
    super(message, options)
    this.retryable = options.retryable
  }
}

/** An option or a parameter is wrong, or an option is not known. Thrown before any I/O. */
export class InvalidArgumentError extends ElectError {
  readonly code = 'ELECT_INVALID_ARGUMENT'
  readonly retryable = false
  /** The name of the option or parameter. */
  readonly option: string

  constructor(option: string, expectation: string, received: unknown) {
    super(`${option}: ${expectation}, got ${show(received)}`)
    this.option = option
  }
}
