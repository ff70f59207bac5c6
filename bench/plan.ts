// Decides how many of each subject are measured, how often, and in which order. Pure.

import type { IdleCase, Kind } from './result.js'

/**
 * The largest number that a subject manages within a minute, or at all: larger ones are left out.
 */
const most: Readonly<Partial<Record<Kind, number>>> = { etcd3: 1_000 }

export interface Plan {
  readonly counts: readonly number[]
  readonly observerCounts: readonly number[]
  /** Large numbers take longer, and vary less. */
  readonly often: (count: number) => number
  /** The subjects to measure with this number; each round begins with another one. */
  readonly inTurn: (count: number, round: number) => Kind[]
  readonly idleOnes: readonly IdleCase[]
}

export function plan({ quick, withGo }: { quick: boolean; withGo: boolean }): Plan {
  const counts = quick ? [100] : [200, 1_000, 10_000]
  const [largest = 100, second = 100] = counts.toReversed()
  const all: Kind[] = ['ours', ...(withGo ? ['Go' as const] : []), 'raw', 'etcd3']
  const idle = (subject: Kind, count: number, sessions: number): IdleCase[] =>
    all.includes(subject) ? [{ subject, count, sessions }] : []
  return {
    counts,
    observerCounts: quick ? [1, 50] : [1, 100, 1_000, 10_000],
    often: (count) => (quick ? 1 : count >= 10_000 ? 2 : 3),
    inTurn(count, round) {
      const able = all.filter((subject) => count <= (most[subject] ?? Infinity))
      const first = round % able.length
      return [...able.slice(first), ...able.slice(0, first)]
    },
    idleOnes: [
      ...idle('ours', 1, 1),
      ...idle('ours', largest, 1),
      ...idle('ours', second, second),
      ...idle('Go', 1, 1),
      ...idle('Go', largest, 1),
      ...idle('etcd3', 1, 1),
      ...idle('etcd3', second, second),
    ],
  }
}
