// What a benchmark times. Types only.

/** One subject of a case, which acts as often as it is asked to. */
export interface Contender {
  /** How many operations one `act` performs. Default: 1. */
  readonly times?: number
  readonly before?: () => unknown
  /** Is timed. If it resolves with a number, that is the time in milliseconds. */
  readonly act: () => unknown
  readonly after?: () => unknown
  readonly close?: () => unknown
}

/** Undefined where the subject is not available. */
export type MadeContender = Contender | undefined | Promise<Contender | undefined>
