// The errors that end a command.

import type { ExitName } from './definition/exit-codes.js'

/** The command cannot go on. The message is for people: it says what to do. */
export class CommandError extends Error {
  readonly exit: ExitName

  constructor(exit: ExitName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.exit = exit
  }
}

export function usageError(message: string): CommandError {
  return new CommandError('usage', message)
}

/** A signal asked the command to end. */
export class SignalError extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.name = 'SignalError'
    this.signal = signal
  }
}

/** The output could not be written. */
export class OutputError extends Error {
  /** The operating system's code: `ENOSPC`, `EPIPE`, … */
  readonly code: string

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause })
    this.name = 'OutputError'
    this.code = cause.code ?? ''
  }
}
