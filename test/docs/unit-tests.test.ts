// Every core module has a test file of its own, or says here why not.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './pages.js'

const folders = ['base', 'etcd', 'lease', 'guardian', 'election', 'session', 'candidate']

/** Generated code, and folders that hold nothing else. */
const generated = /\/gen\//

const onlyTypes = 'types only'
const program = 'what a process or thread runs, and little else'
const workerRenewal = 'played in full by lease/worker/worker-renewal.test.ts'

/** Modules without a test file, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'src/etcd/client.ts': 'puts the parts together: every test with FakeEtcd or TestEtcd uses it',
  'src/etcd/wire/grpc.ts': 'needs a server: test/etcd and test/devserver use it',
  'src/etcd/wire/transport.ts': 'types, and the constants of gRPC',
  'src/guardian/program/guardian.ts': `${program}: test/harness/failover starts it`,
  'src/lease/worker/program/lease-renewer.ts': workerRenewal,
  'src/lease/worker/program/worker.ts': `${program}: test/harness/failover starts it`,
  'src/lease/worker/protocol.ts': onlyTypes,
  'src/lease/worker/supervisor.ts': workerRenewal,
  'src/base/show.ts': 'test/unit/base/errors.test.ts reads what it makes of each kind of value',
  'src/candidate/options.ts': 'test/package/bad-input tries every wrong value of every option',
  'src/election/options.ts': 'test/package/bad-input tries every wrong name',
  'src/session/long-ttl.ts': 'test/scenario/session/long-ttl.test.ts',
  'src/session/options.ts': 'test/package/bad-input tries every wrong value of every option',
  'src/session/session.ts': 'needs an etcd that grants leases: test/scenario/session',
}

/** All modules of a folder of src, as paths from the root. */
function modulesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return modulesIn(path)
    return path.endsWith('.ts') && !generated.test(path) ? [path] : []
  })
}

const modules = folders.flatMap((folder) => modulesIn(`src/${folder}`))
const testOf = (module: string): string =>
  module.replace(/^src/, 'test/unit').replace(/\.ts$/, '.test.ts')
const hasTest = (module: string): boolean => existsSync(join(root, testOf(module)))

describe('the unit tests', () => {
  test('have a file for each core module, or an exception with a reason', () => {
    const untested = modules.filter((module) => !hasTest(module) && !(module in exceptions))
    expect(untested).toEqual([])
  })

  test('have no exception for what is tested, or is there no longer', () => {
    const needless = Object.keys(exceptions).filter(
      (module) => !modules.includes(module) || hasTest(module),
    )
    expect(needless).toEqual([])
  })

  test('test modules that exist', () => {
    const tests = folders.flatMap((folder) => modulesIn(`test/unit/${folder}`))
    const moduleOf = (file: string): string =>
      file.replace(/^test\/unit/, 'src').replace(/\.test\.ts$/, '.ts')
    expect(tests.filter((file) => !modules.includes(moduleOf(file)))).toEqual([])
  })
})
