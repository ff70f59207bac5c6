// Checks that everything has healed after each calm: there is a leader, every candidate has its
// key, no other keys are there, and nothing has grown.

import { type Entry, of } from '../history.js'
import type { Belief } from './beliefs.js'
import type { Expectation, Healing, Report } from './verdict.js'

export function checkHealing(
  history: readonly Entry[],
  beliefs: readonly Belief[],
  expected: Expectation,
  report: Report,
): Healing[] {
  const { ttlMs, healWithinMs, candidates } = expected
  const limit = ttlMs + healWithinMs
  const calms = of(history, 'calm')
  const healings = calms.map(({ at: calmAt }, index): Healing => {
    const end = calms[index + 1]?.at ?? Infinity
    const ms = ledWithin(beliefs, calmAt)
    if (ms === undefined || ms > limit || calmAt + ms >= end) {
      report('no leader after calm', calmAt, `within ${String(limit)} ms`)
    }
    const seen = of(history, 'keys').filter(({ at }) => at >= calmAt && at < end)
    if (!seen.some(({ to, keys }) => to <= calmAt + limit && keys.length === candidates)) {
      const last = seen.at(-1)?.keys.map(({ key }) => key) ?? []
      const what = `not within ${String(limit)} ms; in the end ${String(last.length)} keys for ${String(candidates)} candidates: ${last.join(' ')}`
      report('keys and candidates differ after calm', calmAt, what)
    }
    return { calmAt, ms }
  })
  for (const { at } of of(history, 'due')) {
    const ms = ledWithin(beliefs, at)
    if (ms === undefined || ms > limit) {
      report('no leader although etcd could be reached', at, `within ${String(limit)} ms`)
    }
  }
  return healings
}

function ledWithin(beliefs: readonly Belief[], at: number): number | undefined {
  const led = beliefs.find(({ to }) => to >= at)
  return led === undefined ? undefined : Math.max(0, led.from - at)
}

export function checkObservers(
  history: readonly Entry[],
  { closed, newsWithinMs }: Expectation,
  report: Report,
): void {
  const last = new Map<string, { revision: bigint; token: bigint }>()
  for (const { who, at, revision, token } of of(history, 'observed')) {
    const before = last.get(who) ?? { revision: 0n, token: 0n }
    const now = { revision: BigInt(revision), token: BigInt(token ?? before.token) }
    if (now.revision < before.revision || now.token < before.token) {
      const what = `${who} from ${String(before.token)} at ${String(before.revision)} to ${String(now.token)} at ${revision}`
      report('observer went back', at, what)
    }
    last.set(who, now)
  }
  const seen = of(history, 'keys').at(-1)
  if (seen === undefined || of(history, 'census').length === 0) return
  const leads = seen.keys[0]?.create
  for (const who of last.keys()) {
    // A killed observer shows nothing any more.
    if (!closed.includes(who)) continue
    const shown = of(history, 'observed').filter((entry) => entry.who === who)
    const then = shown.findLast(({ at }) => at <= seen.at)
    const soon = shown.filter(({ at }) => at > seen.at && at <= seen.to + newsWithinMs)
    if ([then, ...soon].some((entry) => entry?.token === leads)) continue
    const what = `${who} shows ${then?.token ?? 'nobody'}, and ${leads ?? 'nobody'} leads`
    report('observer shows another leader after calm', seen.at, what)
  }
}

/**
 * A process that has gained more than this has grown; less may be garbage that is not collected
 * yet.
 */
const growthMb = 64
/** For each kind and process: one at work, and one whose end etcd has not noticed yet. */
const most = 2

export function checkSizes(
  history: readonly Entry[],
  { candidates, observers }: Expectation,
  report: Report,
): void {
  const first = new Map<string, number>()
  const told = new Set<string>()
  for (const { who, at, heapMb } of of(history, 'size')) {
    const before = first.get(who)
    if (before === undefined) first.set(who, heapMb)
    else if (heapMb > before + growthMb && !told.has(who)) {
      told.add(who)
      report('memory grew', at, `${who} from ${before.toFixed(0)} to ${heapMb.toFixed(0)} MB`)
    }
  }
  const census = of(history, 'census').at(-1)
  if (census === undefined) return
  const { at, leases, watchers, opened, withinMs } = census
  if (leases > candidates) {
    report('leases of nobody', at, `${String(leases)} of ${String(candidates)} candidates`)
  }
  const processes = candidates + observers
  if (watchers > most * processes) {
    report('watches of nobody', at, `${String(watchers)} of ${String(processes)} processes`)
  }
  if (opened > most * processes) {
    const what = `${String(opened)} streams and leases opened within ${String(withinMs)} ms`
    report('requests in calm', at, what)
  }
}
