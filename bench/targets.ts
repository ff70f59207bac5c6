// The targets of the benchmark, and whether they were reached. Pure.

import { duration, megabytes, times, whole } from './format.js'
import type { Analyzed, Cost, Kind, Many, Result } from './result.js'
import { median } from './stats.js'

export interface Target {
  readonly what: string
  readonly got: string
  readonly met: boolean
}

type Verdict = Omit<Target, 'what'>

/** Values within this many percent of a CPU count as equal. */
const noisePercent = 1

/** Targets that were not measured are left out. */
export function targetsOf(result: Result): Target[] {
  return [...ofCases(result), ...ofMany(result.many), ...ofObservers(result), ...ofIdle(result)]
}

/** Judges a target of which all values were measured. */
function judged<T extends readonly unknown[]>(
  what: string,
  values: { readonly [K in keyof T]: T[K] | undefined },
  judge: (...values: T) => Verdict,
): Target[] {
  if (values.some((value) => value === undefined)) return []
  return [{ what, ...judge(...(values as unknown as T)) }]
}

function ofCases({ runs }: Result): Target[] {
  const cases = runs.find(({ fsync }) => !fsync)?.cases ?? []
  const of = (title: string, name: string): Analyzed | undefined =>
    cases.find((each) => each.title === title)?.contenders.find((each) => each.name === name)
  const overRaw = (what: string, title: string, most: number): Target[] =>
    judged(what, [of(title, 'ours')?.toRaw], ({ value, low, high }) => ({
      got: `${times(value)} × (${times(low)} – ${times(high)})`,
      met: value <= most,
    }))
  const overGo = (what: string, title: string): Target[] =>
    judged(what, [of(title, 'ours'), of(title, 'Go')], (ours, go) => ({
      got: `${duration(ours.median)}, Go ${duration(go.median)}`,
      met: ours.median <= go.median,
    }))
  const campaign = 'campaign on an open session'
  return [
    ...overRaw('campaign on an open session: at most 1.3 × a raw Txn', campaign, 1.3),
    ...overGo('… and faster than Go', campaign),
    ...['2', '10', '100'].flatMap((candidates) => {
      const title = `handover by resign, ${candidates} candidates`
      return [
        ...overRaw(`${title}: at most 1.6 × a raw Txn`, title, 1.6),
        ...overGo('… and not slower than Go', title),
      ]
    }),
    ...judged('isValid(): under 1 µs', [of('isValid()', 'ours')], (ours) => ({
      got: duration(ours.median),
      met: ours.median < 0.001,
    })),
  ]
}

function ofMany(many: readonly Many[]): Target[] {
  const rows = (count: number, subject: Kind): Many[] =>
    many.filter((row) => row.count === count && row.subject === subject)
  const led = (count: number, subject: Kind, key: keyof Cost): number | undefined => {
    const costs = rows(count, subject).flatMap((row) => row.led ?? [])
    return costs.length === 0 ? undefined : median(costs.map((cost) => cost[key] ?? NaN))
  }
  const takenOver = rows(10_000, 'ours').flatMap((row) => row.takenOver ?? [])
  const taken = takenOver.length === 0 ? undefined : takenOver
  return [
    ...judged('1,000 elections led: 1 lease', [led(1_000, 'ours', 'leases')], (leases) => ({
      got: whole(leases),
      met: leases === 1,
    })),
    ...judged(
      '… 10 × faster than npm etcd3',
      [led(1_000, 'ours', 'ms'), led(1_000, 'etcd3', 'ms')],
      (a, b) => ({ got: `${duration(a)}, ${duration(b)}: ${times(b / a)} ×`, met: a * 10 <= b }),
    ),
    ...judged(
      '… at most a fifth of its memory',
      [led(1_000, 'ours', 'rssMb'), led(1_000, 'etcd3', 'rssMb')],
      (a, b) => ({ got: `${megabytes(a)}, ${megabytes(b)}: ${times(a / b)} ×`, met: a * 5 <= b }),
    ),
    ...judged(
      '10,000 elections led: at most 2 × the raw nested Txns',
      [led(10_000, 'ours', 'ms'), led(10_000, 'raw', 'ms')],
      (a, b) => ({ got: `${duration(a)}, ${duration(b)}: ${times(a / b)} ×`, met: a <= 2 * b }),
    ),
    ...judged('mass takeover: 10,000 of 10,000', [taken], (all) => {
      const fewest = Math.min(...all.map(({ elected }) => elected))
      return { got: whole(fewest), met: fewest === 10_000 }
    }),
    ...judged('… the event loop not blocked for longer than 50 ms', [taken], (all) => {
      const longest = Math.max(...all.map(({ loopMaxMs }) => loopMaxMs ?? NaN))
      return { got: duration(longest), met: longest <= 50 }
    }),
  ]
}

function ofObservers({ observers }: Result): Target[] {
  const betweenMs = observers
    .filter(({ subject, count }) => subject === 'ours' && count === 1_000)
    .flatMap((row) => (row.failed === undefined ? row.lastMs - row.firstMs : []))
  if (betweenMs.length === 0) return []
  const between = median(betweenMs)
  const what = '1,000 observers informed within 20 ms of the first'
  return [{ what, got: duration(between), met: between <= 20 }]
}

function ofIdle({ idle }: Result): Target[] {
  const [all, one] = [10_000, 1].map((count) =>
    idle
      .filter((row) => row.failed === undefined)
      .find((row) => row.subject === 'ours' && row.sessions === 1 && row.count === count),
  )
  return judged('idle: 10,000 elections cost no more than one', [all, one], (many, single) => {
    const cpu = `${many.cpuPercent.toFixed(1)} % and ${single.cpuPercent.toFixed(1)} % of a CPU`
    const requests = `${many.requestsPerS.toFixed(1)} and ${single.requestsPerS.toFixed(1)}`
    return {
      got: `${cpu}, ${requests} requests/s`,
      met:
        many.cpuPercent <= single.cpuPercent + noisePercent &&
        many.requestsPerS <= single.requestsPerS + 0.5,
    }
  })
}
