// Makes docs/performance.md say what docs/performance/data.json says: tables between marks, and plots beside the data.
// `node bench/publish.mjs` does it anew; `npm run bench -- --write` measures first. With --check it changes nothing and
// fails when page or plots are not what the data makes of them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { costModel } from './cost-model.mjs'
import { plots } from './plots.mjs'
import * as report from './report.mjs'
import { targetsOf } from './targets.mjs'

const folder = new URL('../docs/performance/', import.meta.url)
const page = new URL('../docs/performance.md', import.meta.url)
const dataFile = new URL('data.json', folder)

/** What stands between `<!-- figures: NAME -->` and `<!-- /figures -->`. */
export function figures(result) {
  const run = (fsync) => result.runs.find((each) => each.fsync === fsync)
  const latency = (fsync) => {
    const { cases, etcd } = run(fsync) ?? { cases: [], etcd: { settings: ['not measured'] } }
    return `${etcd.settings.join(', ')}:\n\n${report.latencyTable(cases)}`
  }
  return {
    circumstances: report.circumstances(result),
    targets: report.targetTable(targetsOf(result)),
    latency: latency(false),
    'latency with fsync': latency(true),
    led: report.costTable(result.many, 'led'),
    waited: report.costTable(result.many, 'waited'),
    takeover: report.takeoverTable(result.many),
    observers: report.observerTable(result.observers),
    failover: report.failoverTable(result.failover),
    idle: report.idleTable(result.idle),
    package: report.packageTable(result.package),
    'cost model': costModel(result),
  }
}

/** The page with everything between its marks replaced. */
export function filled(text, all) {
  const used = new Set()
  const made = text.replaceAll(
    /(<!-- figures: (.+?) -->\n)[^]*?(<!-- \/figures -->)/g,
    (_, begin, name, end) => {
      if (all[name] === undefined) throw new Error(`docs/performance.md: no figures for '${name}'`)
      used.add(name)
      return `${begin}\n${all[name]}\n\n${end}`
    },
  )
  const missing = Object.keys(all).filter((name) => !used.has(name))
  if (missing.length > 0) throw new Error(`docs/performance.md has no place for ${missing}`)
  return made
}

/** Paths and what they should hold. */
async function files() {
  const result = JSON.parse(readFileSync(dataFile, 'utf8'))
  const drawn = Object.entries(await plots(result)).map(([name, svg]) => [
    new URL(`${name}.svg`, folder),
    svg,
  ])
  return [[page, filled(readFileSync(page, 'utf8'), figures(result))], ...drawn]
}

/** @param result What was measured; by default what was measured last. */
export async function publish(result) {
  if (result !== undefined) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(dataFile, `${JSON.stringify(result)}\n`)
  }
  for (const [file, text] of await files()) writeFileSync(file, text)
}

/** What is not as the data makes it. */
export async function stale() {
  return (await files())
    .filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)
    .map(([file]) => fileURLToPath(file))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const old = await stale()
    if (old.length > 0) {
      console.error(`not what docs/performance/data.json makes of them: ${old.join(', ')}`)
      process.exitCode = 1
    }
  } else await publish()
}
