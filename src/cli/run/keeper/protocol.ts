// What `elect run` and its keeper say to each other. It holds types only.

import type { LeadershipDeadline } from './schedule.js'

export interface CommandStart {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Nobody types for a command in the background: it gets an empty input. */
  readonly stdin: 'inherit' | 'ignore'
  readonly graceMs: number
  readonly deadline: LeadershipDeadline
}

/** To the keeper. */
export type KeeperOrder =
  | { readonly do: 'start'; readonly start: CommandStart }
  | { readonly do: 'renew'; readonly deadline: LeadershipDeadline }
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals }
  /** Leadership is gone: nothing may run from now on. */
  | { readonly do: 'kill' }

/**
 * Why the keeper ended the command:
 * - `late`: no renewal came in time
 * - `lost`: it was ordered to kill
 */
export type EndReason = 'late' | 'lost'

/** The command is gone with everything it started. */
export interface CommandEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Undefined when the command ended by itself or by a signal that was passed on. */
  readonly because: EndReason | undefined
}

/** From the keeper. */
export type KeeperReport =
  | { readonly is: 'ready' }
  | { readonly is: 'started'; readonly pid: number }
  | { readonly is: 'failed'; readonly code: string; readonly message: string }
  | { readonly is: 'late' }
  | { readonly is: 'ended'; readonly ended: CommandEnd }
