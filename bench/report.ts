// Makes tables of the measurements. Pure: a result in, Markdown out.

import { aligned, duration, megabytes, oneDigit, times, whole } from './format.js'
import type {
  Analyzed,
  Case,
  Circumstances,
  Failover,
  Idle,
  Kind,
  Many,
  Measured,
  Observers,
  PackageCosts,
  Requests,
  Run,
  Takeover,
} from './result.js'
import { median, quantile, ratio, summary } from './stats.js'
import type { Target } from './targets.js'

/**
 * On a quiet host, the 90th percentile of the raw transaction is at most this many times its 10th.
 */
const quiet = 2.5

/** Adds the statistics of its measurements to each case. */
export function analyze(cases: readonly Case<Measured>[]): Case[] {
  return cases.map(({ title, contenders }) => {
    const raw = contenders.find(({ name }) => name === 'raw Txn')?.samplesMs
    return {
      title,
      contenders: contenders.map(({ name, requests, samplesMs }) => ({
        name,
        requests,
        ...summary(samplesMs),
        toRaw: name === 'raw Txn' || raw === undefined ? undefined : ratio(samplesMs, raw),
        samplesMs: samplesMs.map((ms) => Number(ms.toPrecision(5))),
      })),
    }
  })
}

/** The cases during which the host was too busy for their figures to be worth much. */
export function noisy(runs: readonly Run[]): string[] {
  return runs.flatMap(({ cases, etcd }) =>
    cases.flatMap(({ title, contenders }) => {
      const raw = contenders.find(({ name }) => name === 'raw Txn')
      if (raw === undefined || raw.p90 <= quiet * raw.p10) return []
      const spreadOfRaw = `raw Txn ${duration(raw.p10)} to ${duration(raw.p90)}`
      return [`${title} (${etcd.settings.join(', ')}): ${spreadOfRaw}`]
    }),
  )
}

/** In words: when and on what. */
export function circumstances(result: Circumstances & { readonly runs: readonly Run[] }): string {
  const { date, rounds, runs, node, etcd3, go, cpus, cpu, arch } = result
  const [first] = runs
  return (
    `Measured on ${date.slice(0, 10)}: ${rounds} rounds; ` +
    (first === undefined ? '' : `etcd ${first.etcd.version}; `) +
    `Node.js ${node}; npm etcd3 ${etcd3}; Go ${go ?? 'not here'}; ` +
    `${cpus} CPUs (${cpu}, ${arch}); everything on one machine.`
  )
}

export function latencyTable(cases: readonly Case[]): string {
  const head = ['what', 'who', 'requests', 'median', 'p25 – p75', '÷ raw Txn (90 % interval)']
  const rows = cases.flatMap(({ title, contenders }) =>
    contenders.map((contender, index) => [index === 0 ? title : '', ...latency(contender)]),
  )
  return aligned(head, rows)
}

function latency({ name, requests, median: middle, p25, p75, toRaw }: Analyzed): string[] {
  return [
    name,
    counts(requests),
    duration(middle),
    `${duration(p25)} – ${duration(p75)}`,
    toRaw === undefined ? '' : `${times(toRaw.value)} (${times(toRaw.low)} – ${times(toRaw.high)})`,
  ]
}

/** Of leading or of waiting. */
export function costTable(many: readonly Many[], phase: 'led' | 'waited'): string {
  const inEtcd = ['streams', 'leases', 'requests'] as const
  const head = ['elections', 'who', 'time', 'CPU', 'memory', 'JS heap', ...inEtcd]
  const rows = grouped(many)
    .filter(({ rows: [first] }) => first?.[phase] !== undefined || first?.failed !== undefined)
    .map(({ count, subject, rows: all }) => {
      const done = all.flatMap((row) => row[phase] ?? [])
      if (done.length === 0) return [whole(count), subjectName(subject), failure(all)]
      const mid = (of: keyof (typeof done)[0]): number =>
        median(done.map((each) => each[of] ?? NaN))
      return [
        whole(count),
        subjectName(subject),
        spread(done.map(({ ms }) => ms)),
        duration(mid('cpuMs')),
        megabytes(mid('rssMb')),
        megabytes(mid('heapMb')),
        ...inEtcd.map((of) => whole(mid(of))),
      ]
    })
  return aligned(head, rows)
}

export function takeoverTable(many: readonly Many[]): string {
  const head = ['elections', 'who', 'elected', 'first', 'last', 'loop blocked for, at most']
  const rows = grouped(many).flatMap(({ count, subject, rows: group }) => {
    const all = group.flatMap(({ takenOver }) => takenOver ?? [])
    if (all.length === 0) return []
    const some = all.filter(({ elected }) => elected > 0)
    const of = (key: 'firstMs' | 'lastMs'): string =>
      some.length === 0 ? '–' : spread(some.map((each) => each[key]))
    return [
      [
        whole(count),
        subjectName(subject),
        whole(Math.min(...all.map(({ elected }) => elected))),
        of('firstMs'),
        of('lastMs'),
        blocked(all),
      ],
    ]
  })
  return aligned(head, rows)
}

function blocked(all: readonly Takeover[]): string {
  const times = all.flatMap(({ loopMaxMs }) => loopMaxMs ?? [])
  return times.length === 0 ? '–' : duration(Math.max(...times))
}

export function observerTable(observers: readonly Observers[]): string {
  const head = ['observers', 'who', 'first informed', 'last informed', 'between them', 'memory']
  const rows = grouped(observers).map(({ count, subject, rows: all }) => {
    const done = all.filter((row) => row.failed === undefined)
    if (done.length === 0) return [whole(count), subjectName(subject), failure(all)]
    return [
      whole(count),
      subjectName(subject),
      spread(done.map(({ firstMs }) => firstMs)),
      spread(done.map(({ lastMs }) => lastMs)),
      duration(median(done.map(({ firstMs, lastMs }) => lastMs - firstMs))),
      megabytes(median(done.map(({ rssMb }) => rssMb))),
    ]
  })
  return aligned(head, rows)
}

export function failoverTable(failover: readonly Failover[]): string {
  const head = ['who', 'median', 'first', 'last', 'measured']
  const subjects = [...new Set(failover.map(({ subject }) => subject))]
  const rows = subjects.map((subject) => {
    const of = failover.filter((row) => row.subject === subject)
    const each = of.flatMap(({ eachMs = [] }) => eachMs)
    if (each.length === 0) return [subjectName(subject), failure(of)]
    const times = [median(each), Math.min(...each), Math.max(...each)]
    return [subjectName(subject), ...times.map(duration), whole(each.length)]
  })
  return aligned(head, rows)
}

export function idleTable(idle: readonly Idle[]): string {
  const head = [
    'who',
    'elections',
    'sessions',
    'CPU of the process',
    'CPU of etcd',
    'requests a second',
  ]
  const rows = idle.map((row) => [
    subjectName(row.subject),
    whole(row.count),
    whole(row.sessions),
    ...(row.failed === undefined
      ? [
          `${row.cpuPercent.toFixed(1)} %`,
          `${row.etcdCpuPercent.toFixed(1)} %`,
          oneDigit(row.requestsPerS),
        ]
      : [`failed: ${row.failed}`]),
  ])
  return aligned(head, rows)
}

export function packageTable({ imports, sizes }: PackageCosts): string {
  const head = ['who', 'packages installed', 'size installed', 'cold import']
  const rows = Object.entries(sizes).map(([subject, { packages, bytes }]) => [
    subjectName(subject),
    whole(packages),
    megabytes(bytes / 2 ** 20),
    spread(imports[subject] ?? []),
  ])
  return aligned(head, rows)
}

export function targetTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, got, met }) => [what, got, met ? 'yes' : '**no**'])
  return aligned(['target', 'measured', 'met'], rows)
}

interface Group<R> {
  readonly count: number
  readonly subject: Kind
  readonly rows: R[]
}

function grouped<R extends { readonly count: number; readonly subject: Kind }>(
  rows: readonly R[],
): Group<R>[] {
  const groups = new Map<string, Group<R>>()
  for (const row of rows) {
    const { count, subject } = row
    const key = `${count} ${subject}`
    const group = groups.get(key) ?? { count, subject, rows: [] }
    group.rows.push(row)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => a.count - b.count)
}

function subjectName(subject: string): string {
  const names: Readonly<Record<string, string>> = { raw: 'raw nested Txns', etcd3: 'npm etcd3' }
  return names[subject] ?? subject
}

function failure(rows: readonly { readonly failed?: string | undefined }[]): string {
  return `failed: ${rows.find(({ failed }) => failed !== undefined)?.failed ?? 'not measured'}`
}

/** The median, and the quarters around it where there are several. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = duration(median(values))
  if (values.length < 3) return middle
  return `${middle} (${duration(quantile(sorted, 0.25))} – ${duration(quantile(sorted, 0.75))})`
}

function counts(requests: Requests): string {
  const entries = Object.entries(requests)
  const all = entries.map(([method, count]) => (count === 1 ? method : `${whole(count)} ${method}`))
  const sum = entries.reduce((total, [, count]) => total + count, 0)
  return entries.length < 2 ? (all[0] ?? 'none') : `${whole(sum)}: ${all.join(', ')}`
}
