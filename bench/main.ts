// `npm run bench`: how long elections take and what they cost, beside the lower bound, npm etcd3
// and Go's concurrency package. See README.md.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus } from 'node:os'
import { cases as campaign } from './cases/campaign.js'
import { cases as handover } from './cases/handover.js'
import { cases as isLeader } from './cases/is-leader.js'
import { cases as isValid } from './cases/is-valid.js'
import { cases as watch } from './cases/watch.js'
import { measureFailover } from './crashes.js'
import { type Server, startEtcd, versionOf } from './etcd.js'
import { measureIdle } from './idle.js'
import { measureMany } from './many.js'
import { measureObservers } from './observers.js'
import { readOptions } from './options.js'
import { measurePackages, versionOfPackage } from './package.js'
import { publish } from './page.js'
import { plan } from './plan.js'
import { analyze, circumstances, latencyTable, noisy, targetTable } from './report.js'
import type { Case, Circumstances, Measured, Result, Run } from './result.js'
import { measure } from './rounds.js'
import { buildGo } from './subject.js'
import { targetsOf } from './targets.js'
import { World } from './world.js'

const all = [...campaign, ...handover, ...watch, ...isLeader, ...isValid]
const large = ['many elections', 'idle', 'observers', 'failover', 'package'] as const
const options = readOptions([...all.map(({ title }) => title), ...large])
const wanted = (title: string): boolean => options.only.some((text) => title.includes(text))
const say = (text: string): void => {
  console.error(text)
}
const noGo = buildGo()
if (noGo !== undefined) say(`without Go: ${noGo}`)
const planned = plan({ quick: options.quick, withGo: noGo === undefined })
const cases = all.filter(({ title, slow = false }) => wanted(title) && !(slow && options.quick))

/** Measures the cases of one operation at a time, against one etcd. */
async function measureCases(
  endpoints: readonly string[],
  settings: readonly string[],
  fsync: boolean,
): Promise<Run> {
  const measured: Case<Measured>[] = []
  for (const each of cases.filter(({ onlyInMemory = false }) => !(fsync && onlyInMemory))) {
    say(`${each.title} …`)
    const world = new World(endpoints, noGo === undefined)
    const rounds = Math.min(options.rounds, each.mostRounds ?? Infinity)
    try {
      measured.push({ title: each.title, contenders: await measure(each, world, rounds) })
    } finally {
      await world.close()
    }
  }
  const version = await versionOf(endpoints[0] ?? '')
  return { fsync, etcd: { version, settings }, cases: analyze(measured) }
}

async function withServer<T>(fsync: boolean, use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startEtcd({ path: options.etcd, fsync })
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

async function measureRuns(): Promise<Run[]> {
  if (cases.length === 0) return []
  if (options.endpoints !== undefined) {
    const endpoints = options.endpoints.split(',')
    return [await measureCases(endpoints, [`at ${endpoints.join(', ')}`], false)]
  }
  const runs: Run[] = []
  for (const fsync of options.fsync ? [true] : [false, true]) {
    const measureOn = ({ endpoint, settings }: Server): Promise<Run> =>
      measureCases([endpoint], settings, fsync)
    runs.push(await withServer(fsync, measureOn))
  }
  return runs
}

/** Measures what needs processes and etcds of its own; left out with --endpoints. */
async function measureLarge(): Promise<Omit<Result, keyof Circumstances | 'runs'>> {
  const here = (title: (typeof large)[number]): boolean =>
    options.endpoints === undefined && wanted(title)
  const { fsync } = options
  const startServer = (): Promise<Server> => startEtcd({ path: options.etcd, fsync })
  const shared = { plan: planned, say }
  return {
    many: here('many elections') ? await measureMany({ ...shared, startServer }) : [],
    idle: here('idle') ? await measureIdle({ of: planned.idleOnes, startServer, say }) : [],
    observers: here('observers')
      ? await withServer(fsync, ({ endpoint }) => measureObservers({ ...shared, endpoint }))
      : [],
    failover: here('failover')
      ? await withServer(fsync, ({ endpoint }) =>
          measureFailover({ ...shared, endpoint, rounds: options.quick ? 1 : 3 }),
        )
      : [],
    package: here('package')
      ? measurePackages(Math.min(options.rounds, 10))
      : { imports: {}, sizes: {} },
  }
}

function goVersion(): string | undefined {
  return /go([\d.]+)/.exec(execFileSync('go', ['version'], { encoding: 'utf8' }))?.[1]
}

const startedAt = performance.now()
const result: Result = {
  date: new Date().toISOString(),
  rounds: options.rounds,
  node: process.versions.node,
  etcd3: versionOfPackage('etcd3'),
  go: noGo === undefined ? goVersion() : undefined,
  cpus: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  arch: arch(),
  runs: await measureRuns(),
  ...(await measureLarge()),
}
console.log(circumstances(result))
for (const { etcd, cases: measured } of result.runs) {
  console.log(`\n${etcd.settings.join(', ')}\n\n${latencyTable(measured)}`)
}
console.log(`\n${targetTable(targetsOf(result))}`)
say(`took ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`)
for (const warning of noisy(result.runs)) {
  say(`warning: the machine was too busy for figures worth keeping: ${warning}`)
}
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result))
if (options.write) await publish(result)
