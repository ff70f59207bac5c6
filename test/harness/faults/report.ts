// Summarizes many rounds by fault.

import type { Entry } from './history.js'
import { of } from './history.js'
import type { At } from './host-clock.js'
import type { Rule } from './oracle/verdict.js'
import type { Round } from './round.js'

export interface FaultReport {
  readonly fault: string
  readonly runs: number
  readonly violations: number
  /** The longest overlap, in milliseconds. */
  readonly longestOverlapMs: number
  /** The longest excused overlap, in milliseconds. */
  readonly longestExcusedMs: number
  /** From the end of the fault to a leader; null when the fault never came alone. */
  readonly healMs: { readonly median: number; readonly most: number } | null
}

export interface Told {
  readonly seed: string
  readonly rule: Rule
  readonly what: string
  /** The faults at that time; empty: the violation is about the round as a whole. */
  readonly during: readonly string[]
}

export interface Summary {
  readonly subject: string
  readonly etcd: string
  readonly lockDelay: boolean
  readonly rounds: number
  readonly terms: number
  readonly writes: {
    readonly taken: number
    readonly refused: number
    readonly staleUnfenced: number
  }
  readonly violations: readonly Told[]
  readonly faults: readonly FaultReport[]
  /** Faults that this host or this subject does not allow, and what is missing. */
  readonly leftOut: readonly { readonly fault: string; readonly needs: string }[]
}

/** The part of a round from the beginning of some faults to the beginning of the next ones. */
interface Period {
  readonly faults: readonly string[]
  readonly from: At
  readonly calmAt: At
}

function periodsOf(history: readonly Entry[]): Period[] {
  let after = -Infinity
  return of(history, 'calm').map(({ at: calmAt }) => {
    const faults = of(history, 'fault').filter(({ at }) => at > after && at < calmAt)
    after = calmAt
    return {
      faults: faults.map(({ fault }) => fault),
      from: Math.min(...faults.map(({ at }) => at)),
      calmAt,
    }
  })
}

const wholeRound = new Set<Rule>([
  ...(['loss never told', 'never settled', 'leases of nobody', 'watches of nobody'] as const),
  ...(['requests in calm', 'memory grew', 'observer shows another leader after calm'] as const),
])

export function during(round: Round, at: At, rule?: Rule): readonly string[] {
  if (rule !== undefined && wholeRound.has(rule)) return []
  return periodsOf(round.history).findLast(({ from }) => from <= at)?.faults ?? []
}

export function violationsOf(round: Round): Told[] {
  return round.verdict.violations.map(({ rule, at, what }) => ({
    seed: round.seed,
    rule,
    what,
    during: during(round, at, rule),
  }))
}

export function summarize(
  rounds: readonly Round[],
  about: Pick<Summary, 'subject' | 'etcd' | 'lockDelay' | 'leftOut'>,
): Summary {
  const violations = rounds.flatMap(violationsOf)
  const overlaps = rounds.flatMap((round) =>
    round.verdict.overlaps.map((overlap) => ({ ...overlap, during: during(round, overlap.at) })),
  )
  const periods = rounds.flatMap((round) =>
    periodsOf(round.history).map((period) => ({
      ...period,
      healMs: round.verdict.healings.find(({ calmAt }) => calmAt === period.calmAt)?.ms,
    })),
  )
  const names = [...new Set(periods.flatMap(({ faults }) => faults))].sort()
  const longest = (fault: string, excused: boolean): number =>
    Math.max(
      0,
      ...overlaps.flatMap((one) =>
        one.excused === excused && one.during.includes(fault) ? [one.ms] : [],
      ),
    )
  const sum = (of: (round: Round) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0)
  return {
    ...about,
    rounds: rounds.length,
    terms: sum(({ verdict }) => verdict.terms),
    writes: {
      taken: sum(({ verdict }) => verdict.writes.taken),
      refused: sum(({ verdict }) => verdict.writes.refused),
      staleUnfenced: sum(({ verdict }) => verdict.writes.staleUnfenced),
    },
    violations,
    faults: names.map((fault) => {
      const heals = periods
        .filter(({ faults }) => faults.length === 1 && faults[0] === fault)
        .flatMap(({ healMs }) => (healMs === undefined ? [] : [healMs]))
      return {
        fault,
        runs: periods.filter(({ faults }) => faults.includes(fault)).length,
        violations: violations.filter(({ during }) => during.includes(fault)).length,
        longestOverlapMs: round1(longest(fault, false)),
        longestExcusedMs: round1(longest(fault, true)),
        healMs:
          heals.length === 0
            ? null
            : { median: Math.round(median(heals)), most: Math.round(Math.max(...heals)) },
      }
    }),
  }
}

function round1(ms: number): number {
  return Math.round(ms * 10) / 10
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

export function asTable({ faults, violations, rounds, terms, writes, leftOut }: Summary): string {
  const header = [
    'fault',
    'runs',
    'violations',
    'longest overlap',
    'excused',
    'heals after',
    'at most',
  ]
  const rows = faults.map((one) => [
    one.fault,
    String(one.runs),
    String(one.violations),
    `${String(one.longestOverlapMs)} ms`,
    `${String(one.longestExcusedMs)} ms`,
    one.healMs === null ? '' : `${String(one.healMs.median)} ms`,
    one.healMs === null ? '' : `${String(one.healMs.most)} ms`,
  ])
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rules = [...new Set(violations.map(({ rule }) => rule))]
  return [
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    `${String(rounds)} rounds, ${String(terms)} terms, ${String(violations.length)} violations`,
    ...rules.map((rule) => {
      const times = violations.filter((violation) => violation.rule === rule).length
      return `  ${String(times)} × ${rule}`
    }),
    `writes: ${String(writes.taken)} taken, ${String(writes.refused)} refused by the fence; ${String(writes.staleUnfenced)} stale ones taken where there is no fence`,
    ...leftOut.map(({ fault, needs }) => `left out, needs ${needs}: ${fault}`),
  ].join('\n')
}
