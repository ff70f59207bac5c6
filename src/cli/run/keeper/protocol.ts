// The messages between `elect run` and its keeper.

import type { LeadershipDeadline } from './schedule.js'

export interface CommandStart {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** `ignore` for a command in the background, which gets no input from the terminal. */
  readonly stdin: 'inherit' | 'ignore'
  readonly graceMs: number
  readonly deadline: LeadershipDeadline
}

export type KeeperOrder =
  | { readonly do: 'start'; readonly start: CommandStart }
  | { readonly do: 'renew'; readonly deadline: LeadershipDeadline }
  | { readonly do: 'signal'; readonly signal: NodeJS.Signals }
  /** Leadership is lost: nothing may run from now on. */
  | { readonly do: 'kill' }

/**
 * Why the keeper ended the command:
 * - `late`: no renewal came in time
 * - `lost`: it was ordered to kill
 */
export type EndReason = 'late' | 'lost'

/** How the command ended. It is gone with everything it started. */
export interface CommandEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Undefined when the command ended by itself or by a signal that was passed on. */
  readonly because: EndReason | undefined
}

/** `ready`: the keeper takes orders. Comes once, before all others. */
export type KeeperReport =
  | { readonly is: 'ready' }
  | { readonly is: 'started'; readonly pid: number }
  | { readonly is: 'failed'; readonly code: string; readonly message: string }
  | { readonly is: 'late' }
  | { readonly is: 'ended'; readonly ended: CommandEnd }
