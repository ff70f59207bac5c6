// `npm run test:long`: runs what is too long for `npm test`, stage by stage. It says how long it
// will take, shows its progress, goes on where it was cut off, and writes one report.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { minutesOf, runStages } from './run-stages.mjs'
import { stages as allStages } from './stages.mjs'

const usage = `usage: npm run test:long -- [options] [STAGE ...]
  STAGE      only these (default: all)
  --list     say what there is, and how long it takes
  --fresh    begin anew, also when the source is as it was`

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** @param {...string} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }).trim()
}

/** Identifies the tested source, committed or not: it changes with every edit. */
function sourceId() {
  const changes = [git('diff', 'HEAD'), git('ls-files', '-o', '--exclude-standard')].join('\n')
  return `${git('rev-parse', 'HEAD')} ${createHash('sha256').update(changes).digest('hex')}`
}

/** @param {readonly string[]} names */
function chosen(names) {
  const unknown = names.find((name) => !allStages.some((stage) => stage.name === name))
  if (unknown !== undefined) {
    const known = allStages.map(({ name }) => name).join(', ')
    throw new Error(`expected a stage (${known}), got '${unknown}'`)
  }
  return names.length === 0 ? allStages : allStages.filter(({ name }) => names.includes(name))
}

function cutOffBySignals() {
  const stop = new AbortController()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      stop.abort()
    })
  }
  return stop.signal
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const stages = chosen(positionals)
  if (values.list) {
    for (const { name, minutes, what } of stages) {
      console.log(`${name.padEnd(20)} ${String(minutes).padStart(3)} min  ${what}`)
    }
    console.log(`about ${String(minutesOf(stages))} minutes in all`)
    return 0
  }
  return runStages(stages, {
    root,
    folder: join(root, '.cache', 'test-long'),
    source: values.fresh ? `${sourceId()} ${String(Date.now())}` : sourceId(),
    commit: git('rev-parse', '--short', 'HEAD'),
    stop: cutOffBySignals(),
    say: (line) => {
      console.log(line)
    },
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
