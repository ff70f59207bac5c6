// `npm run bench:devserver`: compares the devserver with etcd, and times unit tests on TestEtcd. It
// prints a table; the host should have nothing else to do. Options: --etcd PATH, --seconds N for
// each throughput (default 5), --rounds N for each start (default 10).

import { parseArgs } from 'node:util'
import { type Server, startEtcd } from '../etcd.js'
import { median } from '../stats.js'
import { usageOf } from '../subject.js'
import { startDevserver, startInProcess, startTimes, testFileTimes } from './starts.js'
import { get, put, throughput } from './throughput.js'

const { values: options } = parseArgs({
  options: {
    etcd: { type: 'string', default: 'etcd' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '10' },
  },
})
const forMs = Number(options.seconds) * 1_000
const rounds = Number(options.rounds)
if (!(forMs > 0) || !(Number.isInteger(rounds) && rounds > 0)) {
  console.error('expected --seconds above 0 and --rounds from 1 up')
  process.exit(2)
}

/** Resident memory in MiB, as Linux counts it. */
function residentMiB(pid: number | undefined): string {
  return (usageOf(pid)?.rssMb ?? NaN).toFixed(0)
}

/** Rows of the table: what was measured, and the figures. */
async function measure(start: () => Promise<Server>): Promise<[string, string][]> {
  const startMs = median(await startTimes(start, rounds))
  const server = await start()
  const idleMiB = residentMiB(server.pid)
  const serial = await throughput(server.endpoint, { call: put, atOnce: 1, forMs })
  const puts = await throughput(server.endpoint, { call: put, atOnce: 64, forMs })
  const gets = await throughput(server.endpoint, { call: get, atOnce: 64, forMs })
  const busyMiB = residentMiB(server.pid)
  await server.close()
  return [
    ['start of the process until it answers, ms (median)', startMs.toFixed(0)],
    ['resident when idle, MiB', idleMiB],
    ['put, one at a time: median ms', serial.medianMs.toFixed(2)],
    ['put, 64 at once: requests/s', String(puts.perSecond)],
    ['get, 64 at once: requests/s', String(gets.perSecond)],
    ['resident after that, MiB', busyMiB],
  ]
}

const devserver = await measure(startDevserver)
const etcd = new Map(await measure(() => startEtcd({ path: options.etcd, fsync: false })))
const date = new Date().toISOString().slice(0, 10)
console.log(`\n| ${date} | devserver | etcd |\n| --- | --- | --- |`)
for (const [what, value] of devserver)
  console.log(`| ${what} | ${value} | ${etcd.get(what) ?? ''} |`)
const inProcessMs = median(await startTimes(startInProcess, rounds))
console.log(`\nDevServer.start() in a running process: ${inProcessMs.toFixed(1)} ms (median)`)
const { fileMs, testMs } = await testFileTimes(rounds)
console.log(
  `a file of ten elections on TestEtcd, node --test: ${fileMs.toFixed(0)} ms with the start of ` +
    `Node.js (median), one test ${testMs.toFixed(1)} ms (median)`,
)
