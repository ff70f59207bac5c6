// What a case says of itself. It holds types only.

import type { World } from './world.js'

/** One that does the thing, as often as it is asked to. */
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
export type Maker = (world: World) => Contender | undefined | Promise<Contender | undefined>

export interface BenchCase {
  readonly title: string
  /** For so long nobody does anything before it is measured. */
  readonly restMs?: number
  readonly mostRounds?: number
  /** Not with --quick. */
  readonly slow?: boolean
  /** Not with an etcd that waits for the disk. */
  readonly onlyInMemory?: boolean
  /** By name. */
  readonly contenders: Readonly<Record<string, Maker>>
}
