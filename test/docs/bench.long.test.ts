// The benchmark runs from end to end, and counts the requests that docs/operations.md speaks of.
// This test looks at no durations: measuring them is the benchmark's own job.

import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../bench/result.js'
import { run } from '../support/command.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { type InstalledPackage, installPackage } from './package.js'
import { root } from './pages.js'

let server: EtcdProcess
let installed: InstalledPackage
beforeAll(async () => {
  installed = installPackage()
  for (const folder of ['bench', 'scripts']) {
    cpSync(join(root, folder), join(installed.packageDir, folder), { recursive: true })
  }
  server = await startEtcd()
}, 120_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  installed.remove()
})

function bench(...args: string[]): ReturnType<typeof run> {
  const script = join(installed.packageDir, 'scripts', 'run.mjs')
  return run(process.execPath, [script, 'bench/main.ts', ...args])
}

function resultIn(json: string): Result {
  return JSON.parse(readFileSync(json, 'utf8')) as Result
}

test('every subject is measured in every round, and costs the requests that it should', async () => {
  const json = join(installed.dir, 'bench.json')
  const titles = ['--only=campaign', '--only=, 2 candidates', '--only=is', '--only=raw put']
  const { code, stderr, stdout } = await bench(
    `--endpoints=${server.endpoint}`,
    '--rounds=2',
    ...titles,
    `--json=${json}`,
  )
  expect(code, stderr).toBe(0)
  const cases = resultIn(json).runs.flatMap((each) => each.cases)
  for (const { title, contenders } of cases) {
    for (const { name, samplesMs } of contenders) {
      expect(samplesMs, `${title}, ${name}`).toHaveLength(2)
      expect(Math.min(...samplesMs)).toBeGreaterThan(0)
    }
  }
  const ours = cases.map(({ title, contenders }) => [title, contenders[0]?.requests])
  expect(Object.fromEntries(ours)).toEqual({
    'open a session and campaign': { LeaseGrant: 1, Txn: 1, Watch: 1 },
    'campaign on an open session': { Txn: 1, Watch: 1 },
    'handover by resign, 2 candidates': { Txn: 1 },
    'raw put, to the event of a watch': { Put: 1 },
    'isLeader()': { Range: 1 },
    'isValid()': {},
  })
  expect(stdout).toMatch(/^Measured on .*: 2 rounds; etcd 3\./)
  expect(stdout).toContain('| campaign on an open session ')
}, 120_000)

test('many elections, and observers, are measured in processes of their own', async () => {
  const json = join(installed.dir, 'large.json')
  const titles = ['--only=many elections', '--only=observers']
  const { code, stderr } = await bench('--quick', ...titles, `--json=${json}`)
  expect(code, stderr).toBe(0)
  const { many, observers } = resultIn(json)
  const [ours] = many.filter(({ subject }) => subject === 'ours')
  expect(ours).toMatchObject({
    count: 100,
    led: { leases: 1, streams: 1 },
    waited: { leases: 1, streams: 1 },
    takenOver: { elected: 100 },
  })
  expect(many.find(({ subject }) => subject === 'etcd3')?.led).toMatchObject({ leases: 100 })
  const seen = observers.filter(({ subject }) => subject === 'ours')
  expect(seen.every(({ lastMs = 0 }) => lastMs > 0)).toBe(true)
}, 120_000)

test('a wrong option is named, and the usage is shown', async () => {
  const { code, stderr } = await bench('--rounds=none')
  expect(code).toBe(2)
  expect(stderr).toContain("--rounds: expected a whole number from 2 up, got 'none'")
  expect(stderr).toContain('--json FILE')
  const part = await bench('--write', '--quick')
  expect(part.code).toBe(2)
  expect(part.stderr).toContain('--write: expected a whole measurement')
})
