// Waiting that can be given up. It must not know what is waited for.

import { InvalidArgumentError } from './errors.js'

/** Every call that waits takes one of these. */
export interface WaitOptions {
  /** Bounds the wait and nothing else: the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The options as they are, once it is sure that there is no more than a signal to give up with.
 *
 * @throws {@link InvalidArgumentError}
 */
export function checkWait<O extends WaitOptions>(options: O): O {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new InvalidArgumentError('options', 'expected an object like { signal }', options)
  }
  const signal: unknown = options.signal
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw new InvalidArgumentError('signal', 'expected an AbortSignal', signal)
  }
  return options
}

/** By what it can do rather than by its class, which other implementations do not share. */
function isAbortSignal(signal: unknown): boolean {
  const { aborted, throwIfAborted, addEventListener } = (signal ?? {}) as Record<string, unknown>
  return (
    typeof aborted === 'boolean' &&
    typeof throwIfAborted === 'function' &&
    typeof addEventListener === 'function'
  )
}

/** The same promise for one who stops waiting when the signal is aborted; what it stands for goes on. */
export function waitOrAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise
      .finally(() => {
        signal.removeEventListener('abort', abort)
      })
      .then(resolve, reject)
  })
}
