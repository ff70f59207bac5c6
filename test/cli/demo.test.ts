// The demo does what the README says of it: with nothing installed, and on an etcd of one's own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/definition/exit-codes.js'
import { type BuiltCli, buildCli, processesNaming } from '../support/cli.js'
import { run } from '../support/command.js'
import { startEtcd } from '../support/etcd.js'
import { until } from '../support/until.js'

const empty = mkdtempSync(join(tmpdir(), 'etcd-elect-empty-'))
let cli: BuiltCli
beforeAll(async () => {
  cli = await buildCli()
})
afterAll(() => {
  cli.remove()
  rmSync(empty, { recursive: true })
})

/** As `npm run demo` does, on a machine on which no program can be found. */
function demo(...args: string[]): ReturnType<typeof run> {
  return run(process.execPath, [cli.file, 'demo', ...args], { env: { PATH: empty } })
}

/** Three machines lead in turn, each with a greater token; then it says how long that took. */
function expectStory(stdout: string): void {
  const leaders = [...stdout.matchAll(/ (web-\d) leads.* token (\d+)$/gm)]
  expect(leaders.map(([, name]) => name).sort()).toEqual(['web-1', 'web-2', 'web-3'])
  const tokens = leaders.map(([, , token]) => BigInt(token ?? ''))
  expect(new Set(tokens).size).toBe(3)
  expect(tokens).toEqual(tokens.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(stdout).toMatch(/^after a kill the next one led within \d+ ms/m)
  expect(stdout).toMatch(/^after SIGTERM within \d+ ms/m)
}

test('without an etcd it brings one, tells its story, and leaves no process behind', async () => {
  const { code, stdout, stderr } = await demo()
  expect(code, stderr).toBe(0)
  expect(stderr).toBe('')
  const endpoint = /^etcd in memory at (\S+);/.exec(stdout)?.[1] ?? ''
  expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expectStory(stdout)
  await until(() => processesNaming(endpoint).length === 0, { what: 'no process to be left' })
})

test('with --endpoints it uses that etcd', async () => {
  await using etcd = await startEtcd()
  const { code, stdout, stderr } = await demo('--endpoints', etcd.endpoint)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(new RegExp(`^etcd at ${etcd.endpoint}; three times: elect run demo-`))
  expectStory(stdout)
  const { stdout: left } = await etcd.etcdctl('get', '', '--prefix', '-w', 'fields')
  expect(Number(/"Revision" : (\d+)/.exec(left)?.[1])).toBeGreaterThan(3)
  expect(left).not.toContain('"Key"')
})

test.each([
  ['an etcd that is not there', 'unreachable', ['--endpoints', 'http://127.0.0.1:1'], 'etcd'],
  ['an address that is none', 'usage', ['--endpoints', 'here'], 'endpoints: expected'],
  ['an option that it does not know', 'usage', ['--port', '1'], "unknown option '--port'"],
] as const)('%s is an error, in a line', async (_, exit, args, message) => {
  const { code, stdout, stderr } = await demo(...args)
  expect(code).toBe(exitCodes[exit])
  expect(stdout).not.toContain('leads')
  expect(stderr).toContain(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
