// The signals with which a process is asked to end, as an AbortSignal. It must not know what is stopped with it.

import { setMaxListeners } from 'node:events'
import { constants } from 'node:os'
import { InvalidArgumentError } from './base/errors.js'

/** An AbortSignal that can be taken off the process again. */
export type ShutdownSignal = AbortSignal & Disposable

/**
 * Aborted when the process is asked to end, by an orchestrator (`SIGTERM`) or at the terminal (`SIGINT`); the reason is an
 * `AbortError` that names the signal.
 *
 * From then on the process takes signals as it did before, so that a second one ends it at once. Disposing of it does the
 * same without aborting. It does not keep the process alive.
 *
 * @param signals which ones, instead of these two.
 * @throws InvalidArgumentError when there is none, or one that this platform does not know.
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
  // One signal for all the elections of a process is no leak.
  setMaxListeners(0, controller.signal)
  const takeOff = (): void => {
    for (const name of signals) process.off(name, abort)
  }
  const abort = (name: NodeJS.Signals): void => {
    takeOff()
    controller.abort(new DOMException(`the process was sent ${name}`, 'AbortError'))
  }
  for (const name of signals) {
    try {
      process.on(name, abort)
    } catch (cause) {
      takeOff()
      const error = new InvalidArgumentError('signals', 'expected signals that can be heard', name)
      error.cause = cause
      throw error
    }
  }
  return Object.assign(controller.signal, { [Symbol.dispose]: takeOff })
}
