// What `elect run` and its keeper say to each other. It holds types only.

import type { Deadline } from './schedule.js'

export interface StartOrder {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Nobody types for a command in the background: it gets an empty input. */
  readonly stdin: 'inherit' | 'ignore'
  readonly graceMs: number
  readonly deadline: Deadline
}

/** To the keeper. */
export type Order =
  | { readonly order: 'start'; readonly start: StartOrder }
  | { readonly order: 'renew'; readonly deadline: Deadline }
  | { readonly order: 'signal'; readonly signal: NodeJS.Signals }
  /** Leadership is gone: nothing may run from now on. */
  | { readonly order: 'kill' }

/**
 * Why the keeper ended the command:
 * - `late`: no renewal came in time
 * - `lost`: it was ordered to kill
 */
export type Reason = 'late' | 'lost'

/** The command is gone with everything it started. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Undefined when the command ended by itself or by a signal that was passed on. */
  readonly because: Reason | undefined
}

/** From the keeper. */
export type Report =
  | { readonly report: 'ready' }
  | { readonly report: 'started'; readonly pid: number }
  | { readonly report: 'failed'; readonly code: string; readonly message: string }
  | { readonly report: 'late' }
  | { readonly report: 'ended'; readonly ended: Ended }
