// The service in docs/testing.md and its tests for two test runners pass on the built package.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as testing from '../../src/testing/index.js'
import { methods } from '../../src/testing/faults.js'
import { type InstalledPackage, installPackage } from './package.js'
import { fences, read, root, tableRows } from './pages.js'
import { run } from '../support/command.js'

const page = 'docs/testing.md'
const files = fences(page)

let installed: InstalledPackage
beforeAll(() => {
  installed = installPackage()
  for (const { code, directive } of files) {
    const name = /^file "(.*)"$/.exec(directive ?? '')?.[1] ?? 'nowhere'
    mkdirSync(dirname(join(installed.dir, name)), { recursive: true })
    writeFileSync(join(installed.dir, name), code)
  }
  // Without a configuration here, vitest would use this repository's.
  writeFileSync(
    join(installed.dir, 'vitest.config.mjs'),
    'export default { test: { testTimeout: 30_000, hookTimeout: 30_000 } }',
  )
}, 120_000)
afterAll(() => {
  installed.remove()
})

test('every snippet names its file', () => {
  expect(files.map(({ directive }) => directive)).toEqual([
    'file "reports.mjs"',
    'file "vitest/reports.test.mjs"',
    'file "node/reports.test.mjs"',
  ])
})

test('the tests for vitest pass', async () => {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const args = ['run', '--root', installed.dir, '--dir', join(installed.dir, 'vitest')]
  const plain = { VITEST: undefined, NO_COLOR: '1', FORCE_COLOR: undefined }
  const { code, stdout, stderr } = await run(process.execPath, [vitest, ...args], {
    cwd: installed.dir,
    env: plain,
  })
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/Tests +3 passed \(3\)/)
})

test('the tests for node:test pass', async () => {
  const file = join(installed.dir, 'node', 'reports.test.mjs')
  const args = ['--test', '--test-reporter=tap', file]
  const { code, stdout, stderr } = await run(process.execPath, args, {
    // A runner sets this variable for its processes; another runner inside would then run nothing.
    env: { NODE_TEST_CONTEXT: undefined },
  })
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/^# pass 2$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

test('the page names every method of TestEtcd that changes something, and no others', () => {
  const named = tableRows(page)
    .flatMap(([call = '']) => [...call.matchAll(/`(?:await )?(?:etcd\.)?(?:clock\.)?(\w+)\(/g)])
    .map(([, name]) => name)
  const allMethods = Object.getOwnPropertyNames(testing.TestEtcd.prototype)
  const excluded = ['constructor', 'connect', 'candidates', 'leases', 'close']
  const clockMethods = ['advance', 'advanceUntil', 'advanceUntilSettled']
  const expected = [...allMethods.filter((name) => !excluded.includes(name)), ...clockMethods]
  expect([...new Set(named)].sort()).toEqual(expected.sort())
})

test('the page names every method of etcd that can be made to fail', () => {
  const text = read(page).replaceAll(/\s+/g, ' ')
  expect(text).toContain(`the methods are ${methods.map((name) => `\`${name}\``).join(', ')}.`)
})
