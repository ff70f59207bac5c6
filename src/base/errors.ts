// The errors that this library throws: one class for each cause that callers may want to tell apart.

import { show } from './show.js'

/** The stable names of errors; `error.code` is one of them. */
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
 * What all errors of this library have in common.
 *
 * `instanceof ElectError` works across copies of the package: it looks for a registered symbol, not for the class. For the
 * subclasses it looks for the class; compare `code` instead.
 */
export abstract class ElectError extends Error {
  /** Stable across versions; compare with this and never with the message. */
  abstract readonly code: ErrorCode
  /** Whether the same call may succeed later without anything being changed by the caller. */
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

/** The call needs the leader, and this candidate is not it. */
export class NotLeaderError extends ElectError {
  readonly code = 'ELECT_NOT_LEADER'
  readonly retryable = false
}

/** Nobody leads this election at the moment. */
export class NoLeaderError extends ElectError {
  readonly code = 'ELECT_NO_LEADER'
  readonly retryable = true
}

/** The reason with which `leadership.signal` is aborted. Its `cause` tells what happened. */
export class LeadershipLostError extends ElectError {
  readonly code = 'ELECT_LEADERSHIP_LOST'
  readonly retryable = false
}

/** `campaign()` was called while an earlier `campaign()` of the same candidate still waits. */
export class CampaignPendingError extends ElectError {
  readonly code = 'ELECT_CAMPAIGN_PENDING'
  readonly retryable = false
}

/** Another candidate of the same session is in this election; the two would share one key. */
export class AlreadyACandidateError extends ElectError {
  readonly code = 'ELECT_ALREADY_A_CANDIDATE'
  readonly retryable = false
}

/** The lease that the call depended on is gone. */
export class SessionLostError extends ElectError {
  readonly code = 'ELECT_SESSION_LOST'
  readonly retryable = true
}

/** The object was closed; nothing can be asked of it any more. */
export class ClosedError extends ElectError {
  readonly code = 'ELECT_CLOSED'
  readonly retryable = false
}

/** etcd did not answer within the time that the call may take. Whether it acted on the request is not known. */
export class TimeoutError extends ElectError {
  readonly code = 'ELECT_TIMEOUT'
  readonly retryable = true
}

/** No etcd member could be reached, or none of those reached has a leader. */
export class UnavailableError extends ElectError {
  readonly code = 'ELECT_UNAVAILABLE'
  readonly retryable = true
}

/** etcd does not accept the user, the password or the certificate, or the user lacks the right. */
export class AuthError extends ElectError {
  readonly code = 'ELECT_AUTH'
  readonly retryable = false
}

/** etcd understood the request and said no: too large, out of space, too many requests, … */
export class RefusedError extends ElectError {
  readonly code = 'ELECT_REFUSED'
  readonly retryable: boolean

  constructor(message: string, options: ErrorOptions & { retryable: boolean }) {
    super(message, options)
    this.retryable = options.retryable
  }
}

/** An option or a parameter is not what it has to be. Thrown before anything is sent. */
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
