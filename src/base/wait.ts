// Waiting that a caller can give up.

import { check } from './options/checks.js'
import { type OptionTable, type Resolved, resolveOptions } from './options/table.js'

/** The options of every call that waits. */
export interface WaitOptions {
  /** Aborted, it ends the wait, and the call rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** Checks what the signal can do and not its class, because polyfills have their own classes. */
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
    doc: "bounds the wait: the call rejects with its reason; of an observer's `start()` it also stops the observer",
  },
} satisfies OptionTable<WaitOptions>

/** @throws InvalidArgumentError when there is another option, or the signal is none. */
export function checkWait(options: unknown): Resolved<typeof waitOptionTable> {
  return resolveOptions(waitOptionTable, options, { example: '{ signal }' })
}

/** The same promise, but rejects when the signal is aborted. What it stands for goes on. */
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
