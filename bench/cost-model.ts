// Works out from the measurements what an operator has to reckon with. Pure.

import { aligned, duration, fixed, kilobytes, megabytes, rounded, whole } from './format.js'
import type { Cost, Result } from './result.js'
import { median } from './stats.js'

const ttl = 5
/** The share of one CPU beyond which clients notice that etcd is busy. */
const fullPercent = 70
const many = 10_000
const processes = 1_000

/** Makes a table of causes and costs: of one, and of many. */
export function costModel({ many: measured, idle }: Pick<Result, 'many' | 'idle'>): string {
  const per = (phase: 'led' | 'waited', key: keyof Cost): number => {
    const costs = measured
      .filter(({ subject, count }) => subject === 'ours' && count === many)
      .flatMap((row) => row[phase] ?? [])
    return costs.length === 0 ? NaN : median(costs.map((cost) => cost[key] ?? NaN)) / many
  }
  const apart = idle.filter((row) => row.failed === undefined).find(({ sessions }) => sessions > 1)
  const sessions = apart?.sessions ?? NaN
  const requests = (apart?.requestsPerS ?? NaN) / sessions
  const etcdPercent = (apart?.etcdCpuPercent ?? NaN) / sessions
  const rows = [
    ['an election led', 'CPU of the process, once', duration(per('led', 'cpuMs'))],
    ['', 'memory of the process (JS heap)', kilobytes(per('led', 'heapMb'))],
    ['', 'memory of the process (RSS)', kilobytes(per('led', 'rssMb'))],
    ['', 'in etcd', 'one key, one watch'],
    ['an election waited for', 'CPU of the process, once', duration(per('waited', 'cpuMs'))],
    ['', 'memory of the process (JS heap)', kilobytes(per('waited', 'heapMb'))],
    [
      `${whole(many)} elections led by one process`,
      'memory of the process (RSS)',
      megabytes(per('led', 'rssMb') * many),
    ],
    [`a session (TTL ${ttl}) that leads or waits`, 'requests to etcd a second', fixed(requests, 2)],
    ['', 'CPU of etcd', `${fixed(etcdPercent, 4)} % of one CPU`],
    [
      `${whole(processes)} processes, a session each`,
      'requests to etcd a second',
      whole(requests * processes),
    ],
    ['', 'CPU of etcd', `${fixed(etcdPercent * processes, 0)} % of one CPU`],
    ['', 'in etcd', `${whole(processes)} leases, ${whole(2 * processes)} streams`],
    [
      `one CPU of etcd, ${fullPercent} % full`,
      `sessions (TTL ${ttl}), by the figures above`,
      `about ${rounded(fullPercent / etcdPercent)}`,
    ],
  ]
  return aligned(['what', 'costs', 'measured'], rows)
}
