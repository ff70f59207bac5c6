// What an error means to whoever typed the command: one sentence, and an exit code. It must not know the commands.

import { ElectError, type ErrorCode } from './library.js'
import { endedBySignal, exitCodes, type ExitName } from './definition/exit-codes.js'

/** The command cannot go on; the message is for people and says what to do. */
export class CommandFailure extends Error {
  readonly exit: ExitName

  constructor(exit: ExitName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.exit = exit
  }
}

export function usage(message: string): CommandFailure {
  return new CommandFailure('usage', message)
}

/** The reason with which a command is asked to end. */
export class SignalError extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.name = 'SignalError'
    this.signal = signal
  }
}

/** What was to be written could not be. */
export class OutputError extends Error {
  /** Of the operating system: `ENOSPC`, `EPIPE`, … */
  readonly code: string

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause })
    this.name = 'OutputError'
    this.code = cause.code ?? ''
  }
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGPIPE: 13,
  SIGTERM: 15,
}

export function signalExit(signal: NodeJS.Signals, numbers = signalNumbers): number {
  return endedBySignal + (numbers[signal] ?? 0)
}

const exitOf: Readonly<Record<ErrorCode, ExitName>> = {
  ELECT_NOT_LEADER: 'no',
  ELECT_NO_LEADER: 'no',
  ELECT_LEADERSHIP_LOST: 'lost',
  ELECT_CAMPAIGN_PENDING: 'internal',
  ELECT_ALREADY_A_CANDIDATE: 'internal',
  ELECT_SESSION_LOST: 'lost',
  ELECT_CLOSED: 'internal',
  ELECT_TIMEOUT: 'unreachable',
  ELECT_UNAVAILABLE: 'unreachable',
  ELECT_AUTH: 'denied',
  ELECT_REFUSED: 'refused',
  ELECT_INVALID_ARGUMENT: 'usage',
}

export interface Explanation {
  readonly code: number
  /** Undefined when there is nothing to say. */
  readonly message: string | undefined
}

export function explain(error: unknown): Explanation {
  if (error instanceof SignalError) return { code: signalExit(error.signal), message: undefined }
  if (error instanceof OutputError) {
    // Nobody reads any more, which is how `head` ends what it reads from.
    if (error.code === 'EPIPE') return { code: signalExit('SIGPIPE'), message: undefined }
    return { code: exitCodes.output, message: `the output could not be written: ${error.message}` }
  }
  if (error instanceof CommandFailure)
    return { code: exitCodes[error.exit], message: error.message }
  if (error instanceof ElectError) {
    return { code: exitCodes[exitOf[error.code]], message: oneLine(error.message) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: exitCodes.internal, message: `elect failed: ${oneLine(message)}` }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}
