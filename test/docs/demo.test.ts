// The demo does what the README says of it: with nothing installed, and on an etcd of one's own.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../support/command.js'
import { startEtcd } from '../support/etcd.js'
import { type InstalledPackage, installPackage } from './package.js'
import { root } from './pages.js'

let installed: InstalledPackage
let demo: string
let empty: string
beforeAll(() => {
  installed = installPackage()
  cpSync(join(root, 'examples'), join(installed.dir, 'examples'), { recursive: true })
  demo = join(installed.dir, 'examples', 'demo', 'main.mjs')
  empty = join(installed.dir, 'empty')
  mkdirSync(empty)
}, 120_000)
afterAll(() => {
  installed.remove()
})

/** On a machine on which no program can be found. */
function runDemo(...args: string[]): ReturnType<typeof run> {
  return run(process.execPath, [demo, ...args], { env: { PATH: empty, TTL: '5' } })
}

function leadersIn(stdout: string): string[] {
  return /^ {2}leaders: (.*)$/m.exec(stdout)?.[1]?.split(', ') ?? []
}

test('without an etcd it brings a devserver, and ends with a summary', async () => {
  const { code, stdout, stderr } = await runDemo()
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^etcd-elect devserver on http:.*for development and tests only$/m)
  expect(leadersIn(stdout).sort()).toEqual(['web-1', 'web-2', 'web-3'])
  expect(stdout).toMatch(/^ {2}after a kill the next one led within \d+ ms/m)
  expect(stdout).toMatch(/^ {2}fencing tokens strictly growing: yes$/m)
})

test('with --endpoints it uses that etcd', async () => {
  await using etcd = await startEtcd()
  const { code, stdout, stderr } = await runDemo('--endpoints', etcd.endpoint)
  expect(code, stderr).toBe(0)
  expect(stdout.split('\n')[0]).toBe(`etcd at ${etcd.endpoint}`)
  expect(leadersIn(stdout).sort()).toEqual(['web-1', 'web-2', 'web-3'])
  const { stdout: revision } = await etcd.etcdctl('get', 'nothing', '-w', 'fields')
  expect(Number(/"Revision" : (\d+)/.exec(revision)?.[1])).toBeGreaterThan(3)
})

test.each([
  ['an etcd that is not there', ['--endpoints', 'http://127.0.0.1:1'], 'etcd'],
  ['an address that is none', ['--endpoints', 'here'], 'endpoints: expected'],
  ['an option that it does not know', ['--port', '1'], "Unknown option '--port'"],
])('%s is an error, in a line', async (_, args, message) => {
  const { code, stderr } = await runDemo(...args)
  expect(code).toBe(1)
  expect(stderr).toContain(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
