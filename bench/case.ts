// What a case says of itself. It holds types only.

import type { MadeContender } from './contender.js'
import type { World } from './world.js'

export type Maker = (world: World) => MadeContender

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
