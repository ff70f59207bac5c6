// Finds when each process believed that it leads, and whether two believed it at once.

import { type Entry, of } from '../history.js'
import type { At } from '../host-clock.js'
import type { Expectation, Overlap } from './verdict.js'

export interface Belief {
  readonly from: At
  readonly to: At
  readonly token: bigint
  readonly who: string
}

/** Joins adjoining pieces of a belief, and sorts the beliefs by their beginning. */
export function beliefsIn(history: readonly Entry[]): readonly Belief[] {
  const last = new Map<string, { -readonly [K in keyof Belief]: Belief[K] }>()
  const all: Belief[] = []
  for (const { at, to, token, who } of of(history, 'valid')) {
    const id = `${who} ${token}`
    const before = last.get(id)
    if (before?.to === at) {
      before.to = to
    } else {
      const belief = { from: at, to, token: BigInt(token), who }
      last.set(id, belief)
      all.push(belief)
    }
  }
  return all.sort((a, b) => a.from - b.from)
}

export function overlapsOf(
  beliefs: readonly Belief[],
  history: readonly Entry[],
  expected: Expectation,
): Overlap[] {
  const overlaps: Overlap[] = []
  for (const [index, earlier] of beliefs.entries()) {
    for (const later of beliefs.slice(index + 1)) {
      if (later.from >= earlier.to) break
      if (later.who === earlier.who && later.token === earlier.token) continue
      const ms = Math.min(earlier.to, later.to) - later.from
      overlaps.push({
        at: later.from,
        ms,
        what: `${describe(earlier)} and ${describe(later)} for ${ms.toFixed(1)} ms`,
        excused: isExcused(history, [earlier, later], ms, expected),
      })
    }
  }
  return overlaps
}

function describe({ who, token }: Belief): string {
  return `${who} (token ${String(token)})`
}

/**
 * An excuse ends too: at the lease's deadline. When a candidacy was taken away by hand, it ends as
 * soon as the news must have arrived, unless another fault hinders the news.
 */
function isExcused(
  history: readonly Entry[],
  [earlier, later]: readonly [Belief, Belief],
  ms: number,
  { ttlMs, newsWithinMs, excuses }: Expectation,
): boolean {
  if (!excuses || ms > ttlMs) return false
  const { hand, etcd, hindered } = causesOf(history, earlier.token, later.from, ttlMs)
  return etcd || (hand && (ms <= newsWithinMs || hindered))
}

/**
 * Why a candidacy may have been gone at that time without its owner's doing, and without its
 * owner's knowing yet.
 */
export function causesOf(
  history: readonly Entry[],
  token: bigint,
  at: At,
  ttlMs: number,
): { hand: boolean; etcd: boolean; hindered: boolean } {
  const faults = of(history, 'fault')
  const near = faults.filter((fault) => fault.at <= at && at <= fault.to + 2 * ttlMs)
  const hand = faults.find(
    ({ excuse, at: from }) =>
      excuse?.by === 'hand' && excuse.tokens.includes(String(token)) && from <= at,
  )
  return {
    hand: hand !== undefined,
    etcd: near.some(({ excuse }) => excuse?.by === 'etcd' && excuse.from <= at),
    hindered: hand !== undefined && near.some((other) => other !== hand),
  }
}
