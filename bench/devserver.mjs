// `npm run bench:devserver`: the devserver and etcd side by side, and how long unit tests on TestEtcd take. It prints a
// table; the machine should have nothing else to do. Options: --etcd PATH, --seconds N for each throughput (default 5).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { DevServer } from '../dist/devserver/index.js'
import { parseEndpoint } from '../dist/etcd/endpoint.js'
import { KV, PutRequestSchema, RangeRequestSchema } from '../dist/etcd/gen/rpc_pb.js'
import { GrpcTransport } from '../dist/etcd/grpc.js'
import { startEtcd } from './etcd.mjs'
import { summary } from './stats.mjs'

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

async function startDevserver() {
  const program = fileURLToPath(new URL('./devserver/process.mjs', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const [endpoint] = await once(createInterface(child.stdout), 'line')
  return {
    endpoint,
    pid: child.pid,
    close: async () => {
      child.kill()
      await gone
    },
  }
}

/** In MiB, as Linux counts it. */
function residentMiB(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

/** Requests a second with so many at once, and how long each took. */
async function throughput(endpoint, atOnce, method, request) {
  const transport = new GrpcTransport(parseEndpoint(endpoint), credentials.createInsecure())
  const call = () => transport.unary(method, request, { metadata: {}, timeoutMs: 10_000 })
  for (let i = 0; i < 500; i++) await call()
  const tookMs = []
  const startMs = performance.now()
  const worker = async () => {
    while (performance.now() - startMs < forMs) {
      const sentMs = performance.now()
      await call()
      tookMs.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const seconds = (performance.now() - startMs) / 1_000
  transport.close()
  return { perSecond: Math.round(tookMs.length / seconds), p50: summary(tookMs).median }
}

const key = Buffer.from('bench')
const put = create(PutRequestSchema, { key, value: Buffer.from('x'.repeat(100)) })
const range = create(RangeRequestSchema, { key })

async function measure(start) {
  const startsMs = []
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now()
    const server = await start()
    startsMs.push(performance.now() - beganMs)
    await server.close()
  }
  const server = await start()
  const idle = residentMiB(server.pid)
  const serial = await throughput(server.endpoint, 1, KV.method.put, put)
  const puts = await throughput(server.endpoint, 64, KV.method.put, put)
  const gets = await throughput(server.endpoint, 64, KV.method.range, range)
  const busy = residentMiB(server.pid)
  await server.close()
  return {
    'start of the process until it answers, ms (median)': summary(startsMs).median.toFixed(0),
    'resident when idle, MiB': idle.toFixed(0),
    'put, one at a time: median ms': serial.p50.toFixed(2),
    'put, 64 at once: requests/s': puts.perSecond,
    'get, 64 at once: requests/s': gets.perSecond,
    'resident after that, MiB': busy.toFixed(0),
  }
}

/** In a process that runs already, as in a test. */
async function startInProcess() {
  const startsMs = []
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now()
    const server = await DevServer.start({ log: () => undefined })
    startsMs.push(performance.now() - beganMs)
    await server.close()
  }
  return summary(startsMs).median
}

async function testFile() {
  const file = fileURLToPath(new URL('./devserver/ten-elections.test.mjs', import.meta.url))
  const tookMs = []
  let testsMs
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now()
    const child = spawn(process.execPath, ['--test', '--test-reporter=tap', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    const [code] = await once(child, 'close')
    if (code !== 0 || !/^# pass 10$/m.test(output)) throw new Error(output)
    tookMs.push(performance.now() - beganMs)
    testsMs = [...output.matchAll(/^ {2}duration_ms: ([\d.]+)$/gm)].map(([, ms]) => Number(ms))
  }
  return { fileMs: summary(tookMs).median, oneMs: summary(testsMs).median }
}

const devserver = await measure(startDevserver)
const etcd = await measure(() => startEtcd({ path: options.etcd, fsync: false }))
console.log(
  `\n| ${new Date().toISOString().slice(0, 10)} | devserver | etcd |\n| --- | --- | --- |`,
)
for (const name of Object.keys(devserver)) {
  console.log(`| ${name} | ${devserver[name]} | ${etcd[name]} |`)
}
console.log(
  `\nDevServer.start() in a running process: ${(await startInProcess()).toFixed(1)} ms (median)`,
)
const { fileMs, oneMs } = await testFile()
console.log(
  `a file of ten elections on TestEtcd, node --test: ${fileMs.toFixed(0)} ms with the start of Node.js (median), one test ${oneMs.toFixed(1)} ms (median)`,
)
