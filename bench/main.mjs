// `npm run bench`: how long elections take and what they cost, beside what nobody can be faster than, beside npm etcd3 and
// beside Go's concurrency package. See README.md.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { cases as campaign } from './cases/campaign.mjs'
import { cases as handover } from './cases/handover.mjs'
import { cases as isLeader } from './cases/is-leader.mjs'
import { cases as isValid } from './cases/is-valid.mjs'
import { cases as watch } from './cases/watch.mjs'
import { newestEtcd, startEtcd, versionOf } from './etcd.mjs'
import { measureFailover } from './crashes.mjs'
import { measureIdle, measureMany } from './many.mjs'
import { measureObservers } from './observers.mjs'
import { measureImports, measureSizes } from './package.mjs'
import { plan } from './plan.mjs'
import { analyze, circumstances, latencyTable, noisy, targetTable } from './report.mjs'
import { measure } from './rounds.mjs'
import { buildGo } from './subject.mjs'
import { targetsOf } from './targets.mjs'
import { World } from './world.mjs'

const usage = `npm run bench -- [options]
  --rounds N         how often each thing is measured (default 100; some that take long, less often)
  --quick            a few rounds, and no large numbers: to see that it works
  --only TEXT        what has this text in its title; may be repeated. Titles: ${[
    ...new Set([...campaign, ...handover, ...isLeader, ...isValid, ...watch].map((c) => c.title)),
  ].join('; ')}; many elections; idle; observers; failover; package
  --json FILE        write all measurements there
  --write            put them into docs/performance.md, its data and its plots
  --etcd PATH        the etcd to start (default: the newest that the tests have built, or the one on the PATH)
  --fsync            only with an etcd that waits for the disk, as it does in service (default: without, then with)
  --endpoints URLS   measure against this etcd, with nobody else on it, instead of starting one: times of single things only`

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [''] },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
        etcd: { type: 'string', default: newestEtcd() },
        fsync: { type: 'boolean', default: false },
        endpoints: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    const rounds = Number(values.rounds ?? (values.quick ? 5 : 100))
    if (!Number.isInteger(rounds) || rounds < 2) {
      throw new Error(`--rounds: expected a whole number from 2 up, got '${values.rounds}'`)
    }
    if (
      values.write &&
      (values.quick || values.only.join('') !== '' || values.endpoints || values.fsync)
    ) {
      throw new Error(
        '--write: expected a whole measurement, without --quick, --only, --fsync and --endpoints',
      )
    }
    return { ...values, rounds }
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    return process.exit(2)
  }
}

const options = readOptions()
if (options.help) {
  console.log(usage)
  process.exit()
}
const wanted = (title) => options.only.some((text) => title.includes(text))
const say = (text) => console.error(text)
const noGo = buildGo()
if (noGo !== undefined) say(`without Go: ${noGo}`)
const { counts, observerCounts, often, inTurn, idleOnes } = plan({
  quick: options.quick,
  withGo: noGo === undefined,
})
const cases = [...campaign, ...handover, ...watch, ...isLeader, ...isValid].filter(
  ({ title, slow }) => wanted(title) && !(slow && options.quick),
)

/** Everything that is one thing at a time, against one etcd. */
async function measureCases(server, fsync) {
  const endpoints = options.endpoints?.split(',') ?? [server.endpoint]
  const measured = []
  for (const each of cases.filter(({ onlyInMemory }) => !(fsync && onlyInMemory))) {
    say(`${each.title} …`)
    const world = new World(endpoints, noGo === undefined)
    const rounds = Math.min(options.rounds, each.mostRounds ?? Infinity)
    try {
      measured.push({ title: each.title, contenders: await measure(each, world, rounds) })
    } finally {
      await world.close()
    }
  }
  return {
    fsync,
    etcd: {
      version: await versionOf(endpoints[0]),
      settings: server?.settings ?? [`at ${endpoints.join(', ')}`],
    },
    cases: analyze(measured),
  }
}

async function withServer(fsync, use) {
  const server = await startEtcd({ path: options.etcd, fsync })
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

async function measureRuns() {
  if (cases.length === 0) return []
  if (options.endpoints !== undefined) return [await measureCases(undefined, false)]
  const runs = []
  for (const fsync of options.fsync ? [true] : [false, true]) {
    runs.push(await withServer(fsync, (server) => measureCases(server, fsync)))
  }
  return runs
}

const startServer = () => startEtcd({ path: options.etcd, fsync: options.fsync })

/** What takes processes and etcds of its own; with --endpoints nothing of that is measured. */
async function measureLarge() {
  const here = (title) => options.endpoints === undefined && wanted(title)
  const shared = { subjects: inTurn, startServer, say }
  const onOne = (measureOn) =>
    withServer(options.fsync, ({ endpoint }) => measureOn({ ...shared, endpoint }))
  return {
    many: here('many elections') ? await measureMany({ ...shared, counts, rounds: often }) : [],
    idle: here('idle') ? await measureIdle({ ...shared, of: idleOnes }) : [],
    observers: here('observers')
      ? await onOne((on) => measureObservers({ ...on, counts: observerCounts, rounds: often }))
      : [],
    failover: here('failover')
      ? await onOne((on) => measureFailover({ ...on, rounds: options.quick ? 1 : 3 }))
      : [],
    package: here('package')
      ? { imports: measureImports(Math.min(options.rounds, 10)), sizes: measureSizes() }
      : { imports: {}, sizes: {} },
  }
}

function goVersion() {
  return /go([\d.]+)/.exec(execFileSync('go', ['version'], { encoding: 'utf8' }))?.[1]
}

function packageVersion(name) {
  return createRequire(import.meta.url)(`${name}/package.json`).version
}

const startedAt = performance.now()
const result = {
  date: new Date().toISOString(),
  rounds: options.rounds,
  node: process.versions.node,
  etcd3: packageVersion('etcd3'),
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
if (options.write) {
  // What draws takes a while to load.
  const { publish } = await import('./publish.mjs')
  await publish(result)
}
