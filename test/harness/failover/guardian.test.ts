// What happens to a leader's key when a process with a guardian is gone. TTLs are so long that no
// lease runs out by itself during these tests.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
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

function service(name: string, task: Partial<Task> = {}, flags: readonly string[] = []): Service {
  const defaults: Task = {
    name,
    election: uniqueElection(),
    etcd: { endpoints: server.endpoint },
    session: { ttl: 300, guardian: true },
  }
  return new Service(installed, { ...defaults, ...task }, flags)
}

interface Pair {
  readonly leader: Service
  readonly next: Service
  /** The leader's guardian. */
  readonly guardian: number
  /** The leader's lease, in hex. */
  readonly lease: string
}

/** Starts a leader with a guardian, and a candidate that waits. */
async function pair(session: Task['session'] = { ttl: 300, guardian: true }): Promise<Pair> {
  const election = uniqueElection()
  const leader = service('a', { election, session })
  await leader.told('elected')
  const { pid } = await leader.told('guardianStarted')
  const { leaseId } = await leader.told('opened')
  const next = service('b', { election, session: { ttl: session.ttl } })
  await next.told('opened')
  await until(async () => (await keys(election)).length === 2, { what: 'two candidates' })
  return { leader, next, guardian: Number(pid), lease: String(leaseId) }
}

async function keys(election: string): Promise<string[]> {
  const { stdout } = await server.etcdctl('get', '--prefix', `${election}/`, '--keys-only')
  return stdout.split('\n').filter((line) => line !== '')
}

async function leaseIsThere(lease: string): Promise<boolean> {
  const { stdout } = await server.etcdctl('lease', 'timetolive', lease)
  return !stdout.includes('already expired')
}

/** Whether the process is gone, or dead and only not reaped yet. */
function isOver(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return true
  }
  const stat = `/proc/${String(pid)}/stat`
  return existsSync(stat) && /^\d+ \(.*\) Z/.test(readFileSync(stat, 'utf8'))
}

async function gone(pid: number): Promise<void> {
  await until(() => isOver(pid), { what: `process ${String(pid)} to be gone` })
}

describe('the next one leads without waiting for the TTL when the leader', () => {
  test.each<[string, (leader: Service) => void]>([
    [
      'is killed',
      (leader) => {
        leader.kill('SIGKILL')
      },
    ],
    [
      'exits',
      (leader) => {
        leader.tell('exit')
      },
    ],
    [
      'ends by an exception',
      (leader) => {
        leader.tell('throw')
      },
    ],
    [
      'is killed with its whole process group',
      (leader) => {
        process.kill(-leader.pid, 'SIGKILL')
      },
    ],
    [
      'is interrupted at the terminal',
      (leader) => {
        process.kill(-leader.pid, 'SIGINT')
      },
    ],
  ])('%s', async (_what, end) => {
    const { leader, next, guardian, lease } = await pair()
    end(leader)
    await next.told('elected')
    expect(await leaseIsThere(lease)).toBe(false)
    await gone(guardian)
  })
})

test('a guardian outlives what ends other processes', async () => {
  const { leader, next, guardian } = await pair()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1'] as const) {
    process.kill(guardian, signal)
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(isOver(guardian)).toBe(false)
  expect(leader.count('guardianLost')).toBe(0)
  leader.kill()
  await next.told('elected')
})

test('a child that the process has started meanwhile, and that outlives it, delays nothing', async () => {
  const { leader, next } = await pair()
  leader.tell('child')
  const child = Number((await leader.told('child'))['pid'])
  onTestFinished(() => {
    process.kill(child, 'SIGKILL')
  })
  leader.kill()
  await next.told('elected')
  expect(isOver(child)).toBe(false)
})

describe.skipIf(!existsSync('/proc/self/fd'))('where there is a /proc', () => {
  const filesOf = (pid: number): string[] => {
    const dir = `/proc/${String(pid)}/fd`
    return readdirSync(dir).flatMap((fd) => {
      try {
        return [`${fd} ${readlinkSync(`${dir}/${fd}`)}`]
      } catch {
        return []
      }
    })
  }

  test('a guardian has nothing of its parent open, and its secrets neither in its arguments nor in its environment', async () => {
    process.env['FAILOVER_SECRET'] = 'hidden'
    onTestFinished(() => {
      delete process.env['FAILOVER_SECRET']
    })
    const { leader, guardian } = await pair()
    const nameOf = (file: string): string => file.replace(/^\d+ /, '')
    // Every process inherits the environment of this test run.
    const ours = new Set(filesOf(process.pid).map(nameOf))
    const inParent = new Set(
      filesOf(leader.pid)
        .map(nameOf)
        .filter((name) => !ours.has(name)),
    )
    const shared = filesOf(guardian).filter(
      (file) => inParent.has(nameOf(file)) && !/ (\/dev\/null|anon_inode:.*)$/.test(file),
    )
    expect(shared).toEqual([])
    const of = (file: string): string => readFileSync(`/proc/${String(guardian)}/${file}`, 'utf8')
    expect(of('environ')).not.toContain('hidden')
    expect(of('cmdline')).not.toContain(server.endpoint)
    // The guardian is in another session and process group than its parent.
    const [pgrp, session] = of('stat')
      .replace(/^.*\) \S+ \d+ /, '')
      .split(' ')
    expect([pgrp, session]).toEqual([String(guardian), String(guardian)])
  })
})

test('a guardian that is killed is replaced, and the one in its place knows the lease', async () => {
  const { leader, next, guardian, lease } = await pair()
  process.kill(guardian, 'SIGKILL')
  expect(await leader.told('guardianLost')).toMatchObject({ reason: 'it was ended by SIGKILL' })
  const { pid } = await leader.told('guardianStarted', 2)
  expect(pid).not.toBe(guardian)
  expect(await leaseIsThere(lease)).toBe(true)
  leader.kill()
  await next.told('elected')
})

test('killed together with its guardian, a leader is followed when its lease has run out', async () => {
  const { leader, next, guardian, lease } = await pair({ ttl: 10, guardian: true })
  // A stopped guardian does not notice the leader's end before it is killed itself.
  process.kill(guardian, 'SIGSTOP')
  leader.kill()
  await leader.ended()
  process.kill(guardian, 'SIGKILL')
  await gone(guardian)
  expect(await leaseIsThere(lease)).toBe(true)
  await next.told('elected')
})

test('a session that is closed lets its guardian go, and neither keeps the process alive', async () => {
  const only = service('a')
  const { pid } = await only.told('guardianStarted')
  await only.told('elected')
  only.tell('close')
  expect(await only.ended()).toBe('0')
  await gone(Number(pid))
  expect(only.complaint).toBe('')
})

test('an orphaned lease is left alone', async () => {
  const only = service('a', { session: { ttl: 300, guardian: true } })
  const { pid } = await only.told('guardianStarted')
  const { leaseId } = await only.told('opened')
  await only.told('elected')
  only.tell('orphan')
  expect(await only.ended()).toBe('0')
  await gone(Number(pid))
  expect(await leaseIsThere(String(leaseId))).toBe(true)
})

test('a rolling deploy hands over without an error in any log', async () => {
  const election = uniqueElection()
  const session = { ttl: 300, guardian: true }
  let old = service('v0', { election, session, lead: true })
  await old.told('elected')
  for (const name of ['v1', 'v2', 'v3']) {
    const fresh = service(name, { election, session, lead: true })
    await fresh.told('opened')
    await until(async () => (await keys(election)).length === 2, { what: 'both in the queue' })
    old.kill('SIGTERM')
    expect(await old.ended()).toBe('0')
    await fresh.told('elected')
    expect(old.facts.map(({ event }) => event).slice(-5)).toEqual(
      expect.arrayContaining(['asked', 'stopped', 'ended', 'left']),
    )
    expect(await old.told('stopped')).toMatchObject({ isValid: true })
    expect(await old.told('ended')).toMatchObject({ end: 'resigned' })
    expect([old.complaint, fresh.complaint]).toEqual(['', ''])
    old = fresh
  }
})

test('under a permission model that allows no child process, it is refused at construction', async () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const denied = service('a', {}, [flag, '--allow-fs-read=*'])
  expect(await denied.ended()).toBe('1')
  expect(denied.complaint).toMatch(/guardian: expected false here, because .*permission model/)
})
