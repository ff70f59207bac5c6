// What a benchmark times. It holds types only.

/** Does the measured thing, as often as it is asked to. */
export interface Contender {
  /** How often `act` does the thing; once by default. */
  readonly times?: number
  readonly before?: () => unknown
  /** Is timed. When it resolves with a number, that is the time in milliseconds. */
  readonly act: () => unknown
  readonly after?: () => unknown
  readonly close?: () => unknown
}

/** Undefined where it cannot be had. */
export type MadeContender = Contender | undefined | Promise<Contender | undefined>
