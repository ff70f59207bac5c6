// `npm run test:long` goes on where it was cut off, and its report says what it found.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runStages } from '../../scripts/long/run-stages.mjs'
import { stages as realStages } from '../../scripts/long/stages.mjs'
import { until } from '../support/until.js'
import { root } from './pages.js'

type Stage = Parameters<typeof runStages>[0][number]

/** A stage that runs a piece of JavaScript. */
function stage(name: string, code: string): Stage {
  return { name, what: `shows ${name}`, minutes: 2, command: [process.execPath, '-e', code] }
}

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-elect-long-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const said: string[] = []
  const run = (
    stages: readonly Stage[],
    { source = 'one', stop = new AbortController().signal } = {},
  ) => {
    const say = (line: string) => void said.push(line)
    return runStages(stages, { root: folder, folder, source, commit: 'abc1234', stop, say })
  }
  const report = () => readFileSync(join(folder, 'report.md'), 'utf8')
  return { folder, said, run, report }
}

const passing = stage('good', "console.log('5 passed, 0 failed, 0 skipped')")
const failing = stage('bad', "console.error('two leaders'); process.exit(1)")

test('says how long it takes, runs all stages also after a failure, and reports each', async () => {
  const { said, run, report } = setUp()
  expect(await run([failing, passing])).toBe(1)
  expect(said[0]).toBe('about 4 minutes')
  expect(said[1]).toBe('1/2 bad: about 2 of 4 minutes')
  expect(said.at(-1)).toBe('1 passed, 1 failed, 0 skipped')
  expect(report()).toContain('Commit abc1234')
  expect(report()).toMatch(/\| bad +\| shows bad \| \*\*failed\*\* \| 0 s \| two leaders \|/)
  expect(report()).toMatch(/\| good \| shows good \| passed \| 0 s \| 5 passed, 0 failed/)
})

test('runs again only what has not passed, unless the source has changed', async () => {
  const { folder, said, run } = setUp()
  const counting = stage('counts', "require('node:fs').appendFileSync('runs', 'x')")
  await run([counting, failing])
  await run([counting, failing])
  expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('x')
  expect(said).toContain('1 of 2 stages have passed already')
  expect(await run([counting], { source: 'another' })).toBe(0)
  expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('xx')
})

test('cut off, it ends what runs, and goes on with that stage the next time', async () => {
  const { folder, said, run } = setUp()
  const waiting = stage(
    'waits',
    `const fs = require('node:fs')
     fs.writeFileSync('pid', String(process.pid))
     if (!fs.existsSync('go')) setInterval(() => undefined, 1000)`,
  )
  const stop = new AbortController()
  const running = run([passing, waiting], { stop: stop.signal })
  await until(() => existsSync(join(folder, 'pid')), { what: 'the stage to run' })
  stop.abort()
  expect(await running).toBe(130)
  expect(said.at(-1)).toBe('cut off in waits: the same command goes on with it')
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  writeFileSync(join(folder, 'go'), '')
  expect(await run([passing, waiting])).toBe(0)
  expect(said).toContain('1 of 2 stages have passed already')
})

test('a program that cannot be started is a failure', async () => {
  const { run, report } = setUp()
  const missing: Stage = { ...passing, command: ['no-such-program-here'] }
  expect(await run([missing])).toBe(1)
  expect(report()).toContain('ENOENT')
})

test('its stages name files and scripts that are there, and the testing page names them', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const { name, command } of realStages) {
    const [program, ...args] = command
    if (program === 'npm') expect(Object.keys(scripts), name).toContain(args[2])
    else expect(existsSync(join(root, args[1] ?? '')), `${name}: ${args[1] ?? ''}`).toBe(true)
  }
  const page = readFileSync(join(root, 'docs/testing.md'), 'utf8')
  for (const { name } of realStages) expect(page).toContain(`\`${name}\``)
  const longTests = realStages.flatMap(({ command }) =>
    command.filter((arg) => /\.long\./.test(arg)),
  )
  expect(longTests.length).toBeGreaterThan(0)
})
