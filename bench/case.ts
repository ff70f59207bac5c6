// What a benchmark case consists of. Types only.

import type { MadeContender } from './contender.js'
import type { World } from './world.js'

/** Makes a subject; undefined where it is not available. */
export type Maker = (world: World) => MadeContender

export interface BenchCase {
  readonly title: string
  /** Milliseconds of rest before each measurement. */
  readonly restMs?: number
  readonly mostRounds?: number
  /** Left out with --quick. */
  readonly slow?: boolean
  /** Left out with an etcd that waits for the disk. */
  readonly onlyInMemory?: boolean
  /** By name. */
  readonly contenders: Readonly<Record<string, Maker>>
}
