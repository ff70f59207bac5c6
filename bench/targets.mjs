// What was aimed at, and whether it was reached. Pure. It must not know how anything was measured.
import { duration, megabytes, times, whole } from './report.mjs'
import { median } from './stats.mjs'

/** What is within this many percent of a CPU is one and the same. */
const noisePercent = 1

/** @returns `[{ what, got, met }]`; what was not measured is left out. */
export function targetsOf({ runs, many, idle, observers }) {
  const cases = runs.find(({ fsync }) => !fsync)?.cases ?? []
  const of = (title, name) =>
    cases.find((each) => each.title === title)?.contenders.find((each) => each.name === name)
  const rows = (count, subject, phase) =>
    many.filter((r) => r.count === count && r.subject === subject && r[phase]).map((r) => r[phase])
  const mid = (list, key) => (list.length === 0 ? undefined : median(list.map((each) => each[key])))
  const targets = []
  const target = (what, values, judge) => {
    if (values.every((value) => value !== undefined)) targets.push({ what, ...judge(...values) })
  }
  const overRaw = (what, title, most) => {
    target(what, [of(title, 'ours')?.toRaw], ({ value, low, high }) => ({
      got: `${times(value)} × (${times(low)} – ${times(high)})`,
      met: value <= most,
    }))
  }
  const overGo = (what, title) => {
    target(what, [of(title, 'ours'), of(title, 'Go')], (ours, go) => ({
      got: `${duration(ours.median)}, Go ${duration(go.median)}`,
      met: ours.median <= go.median,
    }))
  }
  const campaign = 'campaign on an open session'
  overRaw('campaign on an open session: at most 1.3 × a raw Txn', campaign, 1.3)
  overGo('… and faster than Go', campaign)
  for (const candidates of ['2', '10', '100']) {
    const title = `handover by resign, ${candidates} candidates`
    overRaw(`${title}: at most 1.6 × a raw Txn`, title, 1.6)
    overGo('… and not slower than Go', title)
  }
  target('isValid(): under 1 µs', [of('isValid()', 'ours')], (ours) => ({
    got: duration(ours.median),
    met: ours.median < 0.001,
  }))
  const [ours, etcd3] = ['ours', 'etcd3'].map((subject) => rows(1_000, subject, 'led'))
  target('1,000 elections led: 1 lease', [mid(ours, 'leases')], (leases) => ({
    got: whole(leases),
    met: leases === 1,
  }))
  target('… 10 × faster than npm etcd3', [mid(ours, 'ms'), mid(etcd3, 'ms')], (a, b) => ({
    got: `${duration(a)}, ${duration(b)}: ${times(b / a)} ×`,
    met: a * 10 <= b,
  }))
  target('… at most a fifth of its memory', [mid(ours, 'rssMb'), mid(etcd3, 'rssMb')], (a, b) => ({
    got: `${megabytes(a)}, ${megabytes(b)}: ${times(a / b)} ×`,
    met: a * 5 <= b,
  }))
  const led = ['ours', 'raw'].map((subject) => mid(rows(10_000, subject, 'led'), 'ms'))
  target('10,000 elections led: at most 2 × the raw nested Txns', led, (a, b) => ({
    got: `${duration(a)}, ${duration(b)}: ${times(a / b)} ×`,
    met: a <= 2 * b,
  }))
  const takenOver = rows(10_000, 'ours', 'takenOver')
  target('mass takeover: 10,000 of 10,000', [takenOver[0]], () => {
    const fewest = Math.min(...takenOver.map(({ elected }) => elected))
    return { got: whole(fewest), met: fewest === 10_000 }
  })
  target('… the event loop not blocked for longer than 50 ms', [takenOver[0]], () => {
    const longest = Math.max(...takenOver.map(({ loopMaxMs }) => loopMaxMs))
    return { got: duration(longest), met: longest <= 50 }
  })
  const informed = observers.filter((r) => r.subject === 'ours' && r.count === 1_000 && r.lastMs)
  target('1,000 observers informed within 20 ms of the first', [informed[0]], () => {
    const between = median(informed.map(({ firstMs, lastMs }) => lastMs - firstMs))
    return { got: duration(between), met: between <= 20 }
  })
  const resting = [10_000, 1].map((count) =>
    idle.find(
      (row) => row.subject === 'ours' && row.sessions === 1 && row.count === count && !row.failed,
    ),
  )
  target('idle: 10,000 elections cost no more than one', resting, (all, one) => ({
    got: `${all.cpuPercent.toFixed(1)} % and ${one.cpuPercent.toFixed(1)} % of a CPU, ${all.requestsPerS.toFixed(1)} and ${one.requestsPerS.toFixed(1)} requests/s`,
    met:
      all.cpuPercent <= one.cpuPercent + noisePercent && all.requestsPerS <= one.requestsPerS + 0.5,
  }))
  return targets
}
