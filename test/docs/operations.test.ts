// The commands that docs/operations.md tells operators to type work, and what it says of rights,
// variables and versions is true.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Observer } from '../../src/index.js'
import { validForMs } from '../../src/lease/deadline.js'
import { enableAuth, root as superuser } from '../support/auth.js'
import { run } from '../support/command.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'
import { builtVersions } from '../support/versions.js'
import { fences, pages, read, root, tableRows } from './pages.js'

const page = 'docs/operations.md'
const election = 'nightly-report'

function shellFence(directive: string): string {
  const found = fences(page).filter((fence) => fence.directive === directive)
  expect(found.map(({ language }) => language)).toEqual(['sh'])
  return found[0]?.code ?? ''
}

function shell(code: string, endpoint: string, user?: string): ReturnType<typeof run> {
  return run('sh', ['-ec', code], {
    env: { ETCDCTL_ENDPOINTS: endpoint, ...(user !== undefined && { ETCDCTL_USER: user }) },
  })
}

describe('on an etcd with authentication', () => {
  let server: EtcdProcess
  const alice = { name: 'alice', password: 'wonder' }
  beforeAll(async () => {
    server = await startEtcd()
    await enableAuth(server, [alice])
    const user = `${superuser.name}:${superuser.password}`
    const granted = await shell(shellFence('rights'), server.endpoint, user)
    expect(granted.code, granted.stderr).toBe(0)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  const asRoot = (...args: string[]): Promise<unknown> =>
    server.etcdctl(`--user=${superuser.name}:${superuser.password}`, ...args)

  test('the rights that the page grants are enough to be elected, and end with them', async () => {
    const { client, candidate } = scope(server.endpoint)
    const on = client({ user: alice.name, password: alice.password })
    const a = candidate('web-1', { on, election, ttl: 6 })
    const leadership = await a.campaign()
    expect(await a.isLeader()).toBe(true)
    await a.resign()
    const again = await a.campaign()
    expect(again.fencingToken).toBeGreaterThan(leadership.fencingToken)
    const role = `elects-${election}`
    await asRoot('role', 'revoke-permission', role, '--prefix=true', `${election}/`)
    expect(['expired', 'refused']).toContain(await again.ended)
    await expect(a.campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  })

  test('the right to read is enough to observe and to ask who leads, and no more', async () => {
    await asRoot('user', 'add', 'bob:builder')
    await asRoot('role', 'add', 'watches')
    await asRoot('role', 'grant-permission', 'watches', '--prefix=true', 'read', 'observed/')
    await asRoot('user', 'grant-role', 'bob', 'watches')
    const { client, candidate } = scope(server.endpoint)
    const reader = client({ user: 'bob', password: 'builder' })
    const leader = client({ user: superuser.name, password: superuser.password })
    await candidate('web-1', { on: leader, election: 'observed' }).campaign()
    const onlooker = candidate('bob', { on: reader, election: 'observed' })
    expect((await onlooker.leader()).name).toBe('web-1')
    await expect(onlooker.campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
    const observer = new Observer(reader, { election: 'observed' })
    onTestFinished(() => observer.stop())
    await observer.start()
    await seen(observer, 'web-1')
  })
})

test('the command that the page shows for looking in lists the candidates, the leader first', async () => {
  const server = await startEtcd()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const { candidate } = scope(server.endpoint)
  const [first, second] = [
    candidate('web-1', { election, ttl: 30 }),
    candidate('web-2', { election, ttl: 30 }),
  ]
  const leadership = await first.campaign()
  const waiting = second.campaign()
  await until(() => second.term !== '', { what: 'the second candidate to be in the queue' })
  const { stdout, stderr, code } = await shell(shellFence('run'), server.endpoint)
  expect(code, stderr).toBe(0)
  const listed = [...stdout.matchAll(/"Key" : "(.*)"/g)].map(([, key]) => key)
  expect(listed).toEqual([first.term, second.term])
  expect(stdout).toContain(`"CreateRevision" : ${String(leadership.fencingToken)}`)
  expect(stdout).toContain('web-1')
  await first.close()
  await waiting
})

test('the table of TTLs says what the rule of the deadline gives', () => {
  const rows = tableRows(page).filter(([ttl]) => /^\d+$/.test(ttl ?? ''))
  expect(rows.length).toBeGreaterThan(0)
  for (const [ttl, ...columns] of rows) {
    const ttlS = Number(ttl)
    const validS = validForMs(ttlS, 0.05) / 1_000
    const expected = [ttlS + 0.5, ttlS / 3, validS, validS - ttlS / 3]
    columns.forEach((column, index) => {
      const digits = /\.(\d+)/.exec(column)?.[1]?.length ?? 0
      expect(Number.parseFloat(column), `TTL ${ttlS}, column ${index}`).toBeCloseTo(
        expected[index] ?? Number.NaN,
        digits,
      )
    })
  }
})

test('the page lists the variables that are read', () => {
  const source = readFileSync(join(root, 'src/etcd/options.ts'), 'utf8')
  const used = new Set([...source.matchAll(/ETCDCTL_\w+/g)].map(([name]) => name))
  const listed = [...read(page).matchAll(/^\| `(ETCDCTL_\w+)`/gm)].map(([, name]) => name)
  expect(used.size).toBeGreaterThan(0)
  expect(listed.sort()).toEqual([...used].sort())
})

test('the page names the versions that the tests run on', () => {
  for (const version of builtVersions) expect(read(page)).toContain(version)
})

test('every npm script that a page tells to run is there', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const told = pages().flatMap((each) =>
    [...read(each).matchAll(/npm (?:run )?(?:--silent )?(test(?![:\w])|(?<=run )[\w:-]+)/g)].map(
      ([, script]) => script ?? '',
    ),
  )
  expect(new Set(told)).toContain('demo')
  expect(told.filter((script) => !(script in manifest.scripts))).toEqual([])
})
