// Waiting that a caller can give up.

import { check } from './options/checks.js'
import { type OptionTable, type Resolved, resolveOptions } from './options/table.js'

/** Every call that waits takes one of these. */
export interface WaitOptions {
  /** Bounds the wait and nothing else: the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** An AbortSignal is known by what it can do and not by its class: polyfills have classes of their own. */
const abortSignal = check<AbortSignal>(
  { type: '`AbortSignal`', expected: 'an AbortSignal' },
  (value) => {
    const { aborted, throwIfAborted, addEventListener } = (value ?? {}) as Record<string, unknown>
    return (
      typeof aborted === 'boolean' &&
      typeof throwIfAborted === 'function' &&
      typeof addEventListener === 'function'
    )
  },
)

export const waitOptionTable = {
  signal: {
    check: abortSignal,
    doc: "bounds the wait: the call rejects with its reason; of an observer's `start()` it also ends the following",
  },
} satisfies OptionTable<WaitOptions>

/** @throws InvalidArgumentError when there is more than a signal, or something else in its place. */
export function checkWait(options: unknown): Resolved<typeof waitOptionTable> {
  return resolveOptions(waitOptionTable, options, { example: '{ signal }' })
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
