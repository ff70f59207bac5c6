// What an operator has to reckon with, worked out from what was measured. Pure. It must not know how it was measured.
import { aligned, duration, megabytes, whole } from './report.mjs'
import { median } from './stats.mjs'

const ttl = 5
/** Of one CPU; beyond that, whoever waits for etcd notices. */
const fullPercent = 70
const many = 10_000
const processes = 1_000

/** A table of causes and costs: what each costs here, and what so many of it cost. */
export function costModel({ many: measured, idle }) {
  const phase = (name) =>
    measured.filter((r) => r.subject === 'ours' && r.count === many && r[name]).map((r) => r[name])
  const per = (name, key) => {
    const rows = phase(name)
    return rows.length === 0 ? NaN : median(rows.map((each) => each[key])) / many
  }
  const apart = idle.find((row) => row.sessions > 1 && row.failed === undefined)
  const perSession = apart && {
    requests: apart.requestsPerS / apart.sessions,
    etcdPercent: apart.etcdCpuPercent / apart.sessions,
    ownPercent: apart.cpuPercent / apart.sessions,
  }
  const sessionsInOneCpu = fullPercent / (perSession?.etcdPercent ?? NaN)
  const kb = (mb) => (Number.isFinite(mb) ? `${(mb * 1_024).toFixed(1)} KB` : '–')
  const rows = [
    ['an election led', 'CPU of the process, once', duration(per('led', 'cpuMs'))],
    ['', 'memory of the process (JS heap)', kb(per('led', 'heapMb'))],
    ['', 'memory of the process (RSS)', kb(per('led', 'rssMb'))],
    ['', 'in etcd', 'one key, one watch'],
    ['an election waited for', 'CPU of the process, once', duration(per('waited', 'cpuMs'))],
    ['', 'memory of the process (JS heap)', kb(per('waited', 'heapMb'))],
    [
      `${whole(many)} elections led by one process`,
      'memory of the process (RSS)',
      megabytes(per('led', 'rssMb') * many),
    ],
    [
      `a session (TTL ${ttl}) that leads or waits`,
      'requests to etcd a second',
      fixed(perSession?.requests, 2),
    ],
    ['', 'CPU of etcd', `${fixed(perSession?.etcdPercent, 4)} % of one CPU`],
    [
      `${whole(processes)} processes, a session each`,
      'requests to etcd a second',
      whole((perSession?.requests ?? NaN) * processes),
    ],
    ['', 'CPU of etcd', `${fixed((perSession?.etcdPercent ?? NaN) * processes, 0)} % of one CPU`],
    ['', 'in etcd', `${whole(processes)} leases, ${whole(2 * processes)} streams`],
    [
      `one CPU of etcd, ${fullPercent} % full`,
      `sessions (TTL ${ttl}), by the figures above`,
      `about ${rounded(sessionsInOneCpu)}`,
    ],
  ]
  return aligned([['what', 'costs', 'measured'], ...rows])
}

/** Two figures: no more are known. */
function rounded(value) {
  return Number.isFinite(value) ? whole(Number(value.toPrecision(2))) : '–'
}

function fixed(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}
