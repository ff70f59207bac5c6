// A short, fixed part of the fault harness: processes of the library survive its faults, and the
// harness catches mutants that do not. The long run is `npm run test:faults` (docs/faults.md).

import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Summary } from './report.js'

const running = new Set<ChildProcess>()

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly summary: Summary
}

function harness(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    ['scripts/run.mjs', 'test/harness/faults/start.ts', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      running.delete(child)
      resolve({ code, output })
    })
  })
}

async function rounds(...args: string[]): Promise<Outcome> {
  const { code, output } = await harness('--ttl', '2', ...args)
  const json = output.split('\n').findLast((line) => line.startsWith('{"subject"'))
  if (json === undefined)
    throw new Error(`expected a summary, but it ended with ${String(code)}:\n${output}`)
  return { code, output, summary: JSON.parse(json) as Summary }
}

beforeAll(async () => {
  // Starts through start.ts, which installs what the harness needs.
  const { code, output } = await harness('--list')
  expect(output).toContain('kill a candidate')
  expect(code).toBe(0)
}, 300_000)

test.concurrent('the library keeps its promises whatever fails', { timeout: 240_000 }, async () => {
  // A busy host must not fail this test, so the time to heal is generous; the long run measures it.
  const patient = ['--heal-within', '60000']
  const { code, output, summary } = await rounds(
    ...['--seed', '11', '--rounds', '1', '--count', '5', ...patient],
  )
  expect(summary.violations, output).toEqual([])
  expect(code).toBe(0)
  expect(summary.faults.length).toBeGreaterThan(3)
  expect(summary.terms).toBeGreaterThan(1)
  expect(summary.writes.taken).toBeGreaterThan(100)
})

const blackHole = ['--only', 'black-hole the leader past its TTL', '--rounds', '1', '--count', '3']

test.concurrent.each(['etcd3', 'mutant:no-deadline'])(
  'two leaders at once are found where there are some: %s',
  { timeout: 240_000 },
  async (subject) => {
    const { code, summary } = await rounds('--subject', subject, ...blackHole)
    expect(summary.violations.map(({ rule }) => rule)).toContain('two leaders at once')
    expect(code).toBe(1)
  },
)
