// Writes docs/performance/data.json into docs/performance.md: tables between marks, and plots
// beside the data.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { costModel } from './cost-model.js'
import { plots } from './plots.js'
import * as report from './report.js'
import type { Result } from './result.js'
import { root } from './root.js'
import { targetsOf } from './targets.js'

const folder = join(root, 'docs', 'performance')
const page = join(root, 'docs', 'performance.md')
const dataFile = join(folder, 'data.json')

/** The tables between `<!-- figures: NAME -->` and `<!-- /figures -->`, by name. */
type Figures = Readonly<Record<string, string>>

function figures(result: Result): Figures {
  const latency = (fsync: boolean): string => {
    const run = result.runs.find((each) => each.fsync === fsync)
    if (run === undefined) return `not measured:\n\n${report.latencyTable([])}`
    return `${run.etcd.settings.join(', ')}:\n\n${report.latencyTable(run.cases)}`
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

/** Returns the page with everything between its marks replaced. */
export function filled(text: string, all: Figures): string {
  const used = new Set<string>()
  const made = text.replaceAll(
    /(<!-- figures: (.+?) -->\n)[^]*?(<!-- \/figures -->)/g,
    (_, begin: string, name: string, end: string) => {
      const figure = all[name]
      if (figure === undefined) throw new Error(`docs/performance.md: no figures for '${name}'`)
      used.add(name)
      return `${begin}\n${figure}\n\n${end}`
    },
  )
  const missing = Object.keys(all).filter((name) => !used.has(name))
  if (missing.length > 0) {
    throw new Error(`docs/performance.md has no place for ${missing.join(', ')}`)
  }
  return made
}

/** Returns what each file should hold, by path. */
async function files(): Promise<Map<string, string>> {
  const result = JSON.parse(readFileSync(dataFile, 'utf8')) as Result
  const drawn = Object.entries(await plots(result))
  return new Map([
    [page, filled(readFileSync(page, 'utf8'), figures(result))],
    ...drawn.map(([name, svg]) => [join(folder, `${name}.svg`), svg] as const),
  ])
}

/** @param result What was measured; by default what was measured last. */
export async function publish(result?: Result): Promise<void> {
  if (result !== undefined) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(dataFile, `${JSON.stringify(result)}\n`)
  }
  for (const [file, text] of await files()) writeFileSync(file, text)
}

/** Returns the files that differ from what the data makes of them. */
export async function stale(): Promise<string[]> {
  return [...(await files())]
    .filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)
    .map(([file]) => file)
}
