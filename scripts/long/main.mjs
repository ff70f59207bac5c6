// `npm run test:long`: what is too long for `npm test`, stage by stage. It says how long it will take,
// shows how far it is, goes on where it was cut off, and writes one report.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { Progress } from './progress.mjs'
import { closingLine, duration, report } from './report.mjs'
import { stages as allStages } from './stages.mjs'

/** @import { Outcome } from './progress.mjs' */
/** @import { Stage } from './stages.mjs' */

const usage = `usage: npm run test:long -- [options] [STAGE ...]
  STAGE      only these (default: all)
  --list     say what there is, and how long it takes
  --fresh    begin anew, also when the source is as it was`

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = process.env['TEST_LONG_FOLDER'] ?? join(root, '.cache', 'test-long')

/** @param {...string} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }).trim()
}

/** Changes with everything that is tested, committed or not. */
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

/** @param {readonly Stage[]} stages */
const minutesOf = (stages) => stages.reduce((sum, { minutes }) => sum + minutes, 0)

/**
 * @param {Stage} stage
 * @param {string} log
 * @returns {Promise<Outcome>}
 */
async function run({ command: [program, ...args], env }, log) {
  const startedAt = performance.now()
  // A group of its own, so that what it starts can be ended with it.
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  current = child
  const output = createWriteStream(log)
  let lastLine = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output.write(text)
      lastLine = text.trimEnd().split('\n').at(-1) ?? lastLine
    })
  }
  /** @type {number | null} */
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      lastLine = error.message
      resolve(1)
    })
    child.once('close', resolve)
  })
  current = undefined
  output.end()
  const seconds = (performance.now() - startedAt) / 1000
  const plain = lastLine.replaceAll(/\u001b\[[0-9;]*m/g, '').trim()
  return { passed: code === 0, seconds, closingLine: plain }
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let current
let isCutOff = false
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    isCutOff = true
    const pid = current?.pid
    if (pid === undefined) process.exit(130)
    try {
      process.kill(-pid, 'SIGTERM')
    } catch {
      // It has just ended.
    }
  })
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
  mkdirSync(folder, { recursive: true })
  const id = sourceId()
  const progress = new Progress(
    join(folder, 'state.json'),
    values.fresh ? `${id} ${String(Date.now())}` : id,
  )
  /** @param {string} name */
  const outcomeOf = (name) => progress.outcomeOf(name)
  const left = stages.filter(({ name }) => outcomeOf(name)?.passed !== true)
  const done = stages.length - left.length
  if (done > 0)
    console.log(`${String(done)} of ${String(stages.length)} stages have passed already`)
  console.log(`about ${String(minutesOf(left))} minutes`)
  for (const [index, stage] of left.entries()) {
    const rest = minutesOf(left.slice(index))
    const log = join(folder, `${stage.name}.log`)
    console.log(
      `${String(done + index + 1)}/${String(stages.length)} ${stage.name}: about ${String(stage.minutes)} minutes (${String(rest)} in all)`,
    )
    const outcome = await run(stage, log)
    if (isCutOff) {
      console.log(`cut off in ${stage.name}: the same command goes on with it`)
      return 130
    }
    progress.record(stage.name, outcome)
    const verdict = outcome.passed ? 'passed' : `FAILED, see ${log}`
    console.log(`  ${verdict} after ${duration(outcome.seconds)}: ${outcome.closingLine}`)
    const of = {
      commit: git('rev-parse', '--short', 'HEAD'),
      node: process.version,
      date: new Date().toISOString().slice(0, 10),
    }
    writeFileSync(join(folder, 'report.md'), report(allStages, outcomeOf, of))
  }
  console.log(`the report is in ${join(folder, 'report.md')}`)
  console.log(closingLine(stages, outcomeOf))
  return stages.every(({ name }) => outcomeOf(name)?.passed === true) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
