// Runs stages one after the other, goes on where an earlier run was cut off, and writes the report.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Progress } from './progress.mjs'
import { closingLine, duration, report } from './report.mjs'

/** @import { Outcome } from './progress.mjs' */
/** @import { Stage } from './stages.mjs' */

/**
 * @typedef {object} Run
 * @property {string} root where the stages run
 * @property {string} folder for logs, progress and report
 * @property {string} source identifies what is tested; what an earlier run found of another does
 * not count
 * @property {string} commit for the report
 * @property {AbortSignal} stop
 * @property {(line: string) => void} say
 */

/** Of the last line of a stage: a page is no place for a whole JSON report, which its log has. */
const maxLineLength = 200

/** @param {readonly Stage[]} stages */
export const minutesOf = (stages) => stages.reduce((sum, { minutes }) => sum + minutes, 0)

/**
 * Resolves with the exit code: 0 when all have passed, 1 when one has failed, 130 when cut off.
 *
 * @param {readonly Stage[]} stages
 * @param {Run} run
 * @returns {Promise<number>}
 */
export async function runStages(stages, { root, folder, source, commit, stop, say }) {
  mkdirSync(folder, { recursive: true })
  const progress = new Progress(join(folder, 'state.json'), source)
  /** @param {string} name */
  const outcomeOf = (name) => progress.outcomeOf(name)
  const left = stages.filter(({ name }) => outcomeOf(name)?.passed !== true)
  const total = String(stages.length)
  const done = stages.length - left.length
  if (done > 0) say(`${String(done)} of ${total} stages have passed already`)
  say(`about ${String(minutesOf(left))} minutes`)
  for (const [index, stage] of left.entries()) {
    const minutes = `about ${String(stage.minutes)} of ${String(minutesOf(left.slice(index)))} minutes`
    say(`${String(done + index + 1)}/${total} ${stage.name}: ${minutes}`)
    const log = join(folder, `${stage.name}.log`)
    const outcome = await runStage(stage, { root, log, stop })
    if (stop.aborted) {
      say(`cut off in ${stage.name}: the same command goes on with it`)
      return 130
    }
    progress.record(stage.name, outcome)
    const verdict = outcome.passed ? 'passed' : `FAILED, see ${log},`
    say(`  ${verdict} after ${duration(outcome.seconds)}: ${outcome.closingLine}`)
    const date = new Date().toISOString().slice(0, 10)
    const page = report(stages, outcomeOf, { commit, node: process.version, date })
    writeFileSync(join(folder, 'report.md'), page)
  }
  say(`the report is in ${join(folder, 'report.md')}`)
  say(closingLine(stages, outcomeOf))
  return stages.every(({ name }) => outcomeOf(name)?.passed === true) ? 0 : 1
}

/**
 * @param {Stage} stage
 * @param {{ root: string, log: string, stop: AbortSignal }} how
 * @returns {Promise<Outcome>}
 */
async function runStage({ command: [program, ...args], env }, { root, log, stop }) {
  const startedAt = performance.now()
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that its children end with it.
    detached: true,
  })
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    } catch {
      // The group has just ended.
    }
  }
  stop.addEventListener('abort', end, { once: true })
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
  stop.removeEventListener('abort', end)
  await new Promise((resolve) => {
    output.end(resolve)
  })
  const seconds = (performance.now() - startedAt) / 1000
  return { passed: code === 0, seconds, closingLine: shortened(lastLine) }
}

/** @param {string} line */
function shortened(line) {
  const plain = line.replaceAll(/\u001b\[[0-9;]*m/g, '').trim()
  return plain.length > maxLineLength ? `${plain.slice(0, maxLineLength)}…` : plain
}
