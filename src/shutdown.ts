// Turns the signals that ask a process to end into an AbortSignal.

import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { InvalidArgumentError } from './base/errors.js'

/** An AbortSignal that stops listening to the process when it is disposed of. */
export type ShutdownSignal = AbortSignal & Disposable

/**
 * Returns a signal that is aborted when the process is asked to end, by an orchestrator (`SIGTERM`)
 * or at the terminal (`SIGINT`). The reason is an `AbortError` that names the signal.
 *
 * From then on the process handles signals as it did before, so that a second one ends it at once.
 * Disposing of the signal does the same without aborting it. It does not keep the process alive.
 *
 * @param signals the signals to listen to. Default: these two.
 * @throws InvalidArgumentError when there is none, or one that this platform does not know or that
 * a process cannot handle.
 *
 * @example
 * await candidate.lead(report, { signal: AbortSignal.any([shutdownSignal(), shutdown.signal]) })
 * await candidate.close()
 */
export function shutdownSignal(
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): ShutdownSignal {
  const isList: boolean = Array.isArray(signals)
  if (!isList || signals.length === 0 || !signals.every((name) => name in constants.signals)) {
    throw new InvalidArgumentError('signals', "expected names like ['SIGTERM', 'SIGINT']", signals)
  }
  const controller = new AbortController()
  // All the elections of a process may listen to this signal: that is no leak.
  setMaxListeners(0, controller.signal)
  const stopListening = (): void => {
    for (const name of signals) process.off(name, abort)
  }
  const abort = (name: NodeJS.Signals): void => {
    stopListening()
    controller.abort(new DOMException(`the process was sent ${name}`, 'AbortError'))
  }
  for (const name of signals) {
    try {
      process.on(name, abort)
    } catch (cause) {
      stopListening()
      const error = new InvalidArgumentError('signals', 'expected signals that can be heard', name)
      error.cause = cause
      throw error
    }
  }
  return Object.assign(controller.signal, { [Symbol.dispose]: stopListening })
}
