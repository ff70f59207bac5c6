// A leader whose event loop is blocked, and whose lease the renewal worker renews.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type InstalledPackage, installPackage } from '../../docs/package.js'
import { type EtcdProcess, startEtcd } from '../../support/etcd.js'
import { uniqueElection } from '../../support/scope.js'
import { until } from '../../support/until.js'
import { Service, type Task } from './service.js'

let installed: InstalledPackage
let server: EtcdProcess
beforeAll(async () => {
  installed = installPackage()
  server = await startEtcd()
}, 120_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  installed.remove()
})

interface Pair {
  readonly leader: Service
  readonly next: Service
}

/** Starts a leader with a renewal worker, and a candidate that waits. */
async function pair(session: Partial<Task['session']> = {}, flags: string[] = []): Promise<Pair> {
  const election = uniqueElection()
  const task = (name: string, options: Task['session'], more: Partial<Task> = {}): Task => ({
    name,
    election,
    etcd: { endpoints: server.endpoint },
    session: options,
    ...more,
  })
  const leader = new Service(installed, task('a', { ttl: 6, renewal: 'worker', ...session }), flags)
  await leader.told('elected')
  await leader.told('workerStarted')
  const next = new Service(installed, task('b', { ttl: 60 }))
  const keys = async (): Promise<number> => {
    const { stdout } = await server.etcdctl('get', '--prefix', `${election}/`, '--keys-only')
    return stdout.split('\n').filter((line) => line !== '').length
  }
  await until(async () => (await keys()) === 2, { what: 'two candidates' })
  return { leader, next }
}

async function isValid(service: Service): Promise<unknown> {
  const before = service.count('looked')
  service.tell('look')
  return (await service.told('looked', before + 1))['isValid']
}

test('an event loop that is blocked for several TTLs does not cost the leadership', async () => {
  const { leader, next } = await pair()
  leader.tell('block', 19_000)
  expect(await leader.told('unblocked')).toMatchObject({ isValid: true })
  expect(await isValid(leader)).toBe(true)
  expect(next.count('elected')).toBe(0)
  expect(leader.count('lost')).toBe(0)
  expect(leader.count('workerLost')).toBe(0)
})

test('one that is blocked for longer than it may be loses it, and knows at its first look', async () => {
  const { leader, next } = await pair({ ttl: 5, maxStallMs: 500 })
  leader.tell('block', 18_000)
  await next.told('elected')
  expect(leader.count('unblocked')).toBe(0)
  expect(await leader.told('unblocked')).toMatchObject({ isValid: false })
  expect(await leader.told('ended')).toMatchObject({ end: 'expired' })
})

test('another candidate takes over from a process that says it is not healthy', async () => {
  const { leader, next } = await pair({ ttl: 5, healthy: true })
  leader.tell('healthy', false)
  await next.told('elected')
  expect(await leader.told('ended')).toMatchObject({ end: 'expired' })
})

test('the same without a worker', async () => {
  const { leader, next } = await (async () => {
    const election = uniqueElection()
    const start = (name: string, healthy: { healthy?: true }): Service =>
      new Service(installed, {
        name,
        election,
        etcd: { endpoints: server.endpoint },
        session: { ttl: 2, ...healthy },
      })
    const a = start('a', { healthy: true })
    await a.told('elected')
    return { leader: a, next: start('b', {}) }
  })()
  await next.told('opened')
  leader.tell('healthy', false)
  await next.told('elected')
  expect(await leader.told('ended')).toMatchObject({ end: 'expired' })
})

test('a worker that is terminated is replaced, and the leadership goes on', async () => {
  const { leader, next } = await pair()
  for (const round of [1, 2, 3]) {
    leader.tell('terminateWorker')
    await leader.told('workerLost', round)
    await leader.told('workerStarted', round + 1)
  }
  // The new worker renews: the event loop is blocked for longer than the TTL.
  leader.tell('block', 9_000)
  expect(await leader.told('unblocked')).toMatchObject({ isValid: true })
  expect(next.count('elected')).toBe(0)
  expect(leader.count('lost')).toBe(0)
})

test('with a guardian as well, patience for the loop costs nothing when the process is gone', async () => {
  const { leader, next } = await pair({ ttl: 300, guardian: true })
  await leader.told('guardianStarted')
  leader.tell('block', 60_000)
  leader.kill()
  await next.told('elected')
})

describe('the worker', () => {
  test('does not keep a process alive whose session is closed', async () => {
    const { leader, next } = await pair()
    leader.tell('close')
    expect(await leader.ended()).toBe('0')
    await next.told('elected')
    expect(leader.complaint).toBe('')
  })

  test('is refused at construction under a permission model that allows none', async () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const denied = new Service(
      installed,
      {
        name: 'a',
        election: uniqueElection(),
        etcd: { endpoints: server.endpoint },
        session: { ttl: 2, renewal: 'worker' },
      },
      [flag, '--allow-fs-read=*'],
    )
    expect(await denied.ended()).toBe('1')
    expect(denied.complaint).toMatch(/renewal: expected 'main' here, because .*permission model/)
  })
})
