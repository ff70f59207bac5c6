// Turns any error into an exit code and at most one sentence for the user.

import { exitCodes, type ExitName, signalExitCode } from './definition/exit-codes.js'
import { CommandError, OutputError, SignalError } from './errors.js'
import type { ElectError, ErrorCode } from './library.js'

const exitNames: Readonly<Record<ErrorCode, ExitName>> = {
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
  /** Undefined when the command ends silently. */
  readonly message: string | undefined
}

export function explain(error: unknown): Explanation {
  if (error instanceof SignalError)
    return { code: signalExitCode(error.signal), message: undefined }
  if (error instanceof OutputError) {
    // The reader has closed the pipe, as `head` does when it has read enough.
    if (error.code === 'EPIPE') return { code: signalExitCode('SIGPIPE'), message: undefined }
    return { code: exitCodes.output, message: `the output could not be written: ${error.message}` }
  }
  if (error instanceof CommandError) return { code: exitCodes[error.exit], message: error.message }
  if (isElectError(error)) {
    return { code: exitCodes[exitNames[error.code]], message: oneLine(error.message) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: exitCodes.internal, message: `elect failed: ${oneLine(message)}` }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}

/** Goes by the code: importing the class would load the library and gRPC at every start. */
function isElectError(error: unknown): error is ElectError {
  return error instanceof Error && 'code' in error && Object.hasOwn(exitNames, String(error.code))
}
