// What was measured, as tables. Pure: a result in, Markdown out. It must not know how it was measured.
import { median, quantile, ratio, summary } from './stats.mjs'

/** So many times the 10th percentile of the raw transaction may its 90th be on a quiet machine. */
const quiet = 2.5

/** Adds to each case what can be said of its measurements. */
export function analyze(cases) {
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

/** The cases during which the machine did too much else for their figures to be worth much. */
export function noisy(runs) {
  return runs.flatMap(({ cases, etcd }) =>
    cases
      .map(({ title, contenders }) => ({
        title: `${title} (${etcd.settings.join(', ')})`,
        raw: contenders.find(({ name }) => name === 'raw Txn'),
      }))
      .filter(({ raw }) => raw !== undefined && raw.p90 > quiet * raw.p10)
      .map(({ title, raw }) => `${title}: raw Txn ${duration(raw.p10)} to ${duration(raw.p90)}`),
  )
}

/** In words: when and on what. */
export function circumstances({ date, rounds, runs, node, etcd3, go, cpus, cpu, arch }) {
  const [first] = runs
  return (
    `Measured on ${date.slice(0, 10)}: ${rounds} rounds; ` +
    (first === undefined ? '' : `etcd ${first.etcd.version}; `) +
    `Node.js ${node}; npm etcd3 ${etcd3}; Go ${go ?? 'not here'}; ` +
    `${cpus} CPUs (${cpu}, ${arch}); everything on one machine.`
  )
}

export function latencyTable(cases) {
  const head = ['what', 'who', 'requests', 'median', 'p25 – p75', '÷ raw Txn (90 % interval)']
  const rows = cases.flatMap(({ title, contenders }) =>
    contenders.map(({ name, requests, median: middle, p25, p75, toRaw }, index) => [
      index === 0 ? title : '',
      name,
      counts(requests),
      duration(middle),
      `${duration(p25)} – ${duration(p75)}`,
      toRaw && `${times(toRaw.value)} (${times(toRaw.low)} – ${times(toRaw.high)})`,
    ]),
  )
  return aligned([head, ...rows])
}

/** Of leading or of waiting: `phase` is `led` or `waited`. */
export function costTable(many, phase) {
  const inEtcd = ['streams', 'leases', 'requests']
  const head = ['elections', 'who', 'time', 'CPU', 'memory', 'JS heap', ...inEtcd]
  const rows = grouped(many)
    .filter(({ rows: [first] }) => phase in first || 'failed' in first)
    .map(({ count, subject, rows: all }) => {
      const done = all.filter((row) => phase in row).map((row) => row[phase])
      if (done.length === 0) return [whole(count), subjectName(subject), failure(all)]
      const mid = (of) => median(done.map((each) => each[of] ?? NaN))
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
  return aligned([head, ...rows])
}

export function takeoverTable(many) {
  const head = ['elections', 'who', 'elected', 'first', 'last', 'loop blocked for, at most']
  const rows = grouped(many)
    .filter(({ rows }) => rows.some(({ takenOver }) => takenOver))
    .map(({ count, subject, rows }) => {
      const all = rows.map(({ takenOver }) => takenOver).filter((each) => each !== undefined)
      const some = all.filter(({ elected }) => elected > 0)
      const of = (key) => (some.length === 0 ? '–' : spread(some.map((each) => each[key])))
      const blocked = all.map(({ loopMaxMs }) => loopMaxMs).filter((ms) => ms !== undefined)
      return [
        whole(count),
        subjectName(subject),
        whole(Math.min(...all.map(({ elected }) => elected))),
        of('firstMs'),
        of('lastMs'),
        blocked.length === 0 ? '–' : duration(Math.max(...blocked)),
      ]
    })
  return aligned([head, ...rows])
}

export function observerTable(observers) {
  const head = ['observers', 'who', 'first informed', 'last informed', 'between them', 'memory']
  const rows = grouped(observers).map(({ count, subject, rows: all }) => {
    const done = all.filter(({ lastMs }) => lastMs !== undefined)
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
  return aligned([head, ...rows])
}

export function failoverTable(failover) {
  const head = ['who', 'median', 'first', 'last', 'measured']
  const subjects = [...new Set(failover.map(({ subject }) => subject))]
  const rows = subjects.map((subject) => {
    const of = failover.filter((row) => row.subject === subject)
    const each = of.flatMap(({ eachMs = [] }) => eachMs)
    if (each.length === 0) return [subjectName(subject), failure(of)]
    const limits = [Math.min(...each), Math.max(...each)]
    return [subjectName(subject), ...[median(each), ...limits].map(duration), whole(each.length)]
  })
  return aligned([head, ...rows])
}

export function idleTable(idle) {
  const head = [
    'who',
    'elections',
    'sessions',
    'CPU of the process',
    'CPU of etcd',
    'requests a second',
  ]
  const rows = idle.map(({ subject, count, sessions, failed, ...of }) =>
    failed === undefined
      ? [
          subjectName(subject),
          whole(count),
          whole(sessions),
          `${of.cpuPercent.toFixed(1)} %`,
          `${of.etcdCpuPercent.toFixed(1)} %`,
          oneDigit(of.requestsPerS),
        ]
      : [subjectName(subject), whole(count), whole(sessions), `failed: ${failed}`],
  )
  return aligned([head, ...rows])
}

export function packageTable({ imports, sizes }) {
  const head = ['who', 'packages installed', 'size installed', 'cold import']
  const rows = Object.entries(sizes).map(([subject, { packages, bytes }]) => [
    subjectName(subject),
    whole(packages),
    megabytes(bytes / 2 ** 20),
    spread(imports[subject]),
  ])
  return aligned([head, ...rows])
}

export function targetTable(targets) {
  const head = ['target', 'measured', 'met']
  return aligned([
    head,
    ...targets.map(({ what, got, met }) => [what, got, met ? 'yes' : '**no**']),
  ])
}

function grouped(rows) {
  const groups = new Map()
  for (const row of rows) {
    const key = `${row.count} ${row.subject}`
    if (!groups.has(key)) groups.set(key, { count: row.count, subject: row.subject, rows: [] })
    groups.get(key).rows.push(row)
  }
  return [...groups.values()].sort((a, b) => a.count - b.count)
}

function subjectName(subject) {
  return { raw: 'raw nested Txns', etcd3: 'npm etcd3' }[subject] ?? subject
}

function failure(rows) {
  return `failed: ${rows.find(({ failed }) => failed !== undefined)?.failed ?? 'not measured'}`
}

/** The median, and the quarters around it where there are several. */
function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = duration(median(values))
  if (values.length < 3) return middle
  return `${middle} (${duration(quantile(sorted, 0.25))} – ${duration(quantile(sorted, 0.75))})`
}

function counts(requests) {
  if (requests === undefined) return '?'
  const entries = Object.entries(requests)
  const all = entries.map(([method, count]) => (count === 1 ? method : `${whole(count)} ${method}`))
  const sum = entries.reduce((total, [, count]) => total + count, 0)
  return entries.length < 2 ? (all[0] ?? 'none') : `${whole(sum)}: ${all.join(', ')}`
}

export function duration(ms) {
  if (!Number.isFinite(ms)) return '–'
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms >= 1) return `${ms.toFixed(ms >= 100 ? 0 : 2)} ms`
  return ms >= 0.001 ? `${(ms * 1_000).toFixed(0)} µs` : `${(ms * 1_000_000).toFixed(0)} ns`
}

export function megabytes(mb) {
  return Number.isFinite(mb) ? `${mb.toFixed(1)} MB` : '–'
}

export function whole(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '–'
}

function oneDigit(value) {
  return value.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
}

export function times(value) {
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(1)
}

/** A Markdown table that can also be read as it is, and that prettier leaves alone. */
export function aligned(table) {
  const rows = table.map((row) => table[0].map((_, column) => row[column] ?? ''))
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.join(' | ')} |`
  const text = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]))))
  text.splice(1, 0, line(widths.map((width) => '-'.repeat(width))))
  return text.join('\n')
}
