// What a guardian does when its process is gone, over every kind of connection and on clusters that
// fail.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { GuardianCluster } from '../../../src/guardian/program/cluster.js'
import type { GuardianAccess } from '../../../src/guardian/protocol.js'
import { enableAuth, root } from '../../support/auth.js'
import { makeCertificates } from '../../support/certificates.js'
import { type EtcdCluster, type EtcdProcess, startCluster, startEtcd } from '../../support/etcd.js'
import { until } from '../../support/until.js'

function addressOf({ port }: EtcdProcess): string {
  return `127.0.0.1:${String(port)}`
}

function reach(
  targets: readonly string[],
  more: Partial<GuardianAccess> & { secure?: boolean } = {},
): GuardianAccess {
  const { secure = false, tls, credentials } = more
  return {
    endpoints: targets.map((target) => ({ target, tls: secure })),
    tls,
    credentials,
  }
}

/** Connects a guardian to this cluster. */
async function connected(to: GuardianAccess): Promise<GuardianCluster> {
  let isConnected = false
  const cluster = new GuardianCluster(to, () => (isConnected = true))
  onTestFinished(() => {
    cluster.close()
  })
  await until(() => isConnected, { what: 'the guardian to be connected' })
  return cluster
}

async function grant(server: EtcdProcess, ...args: string[]): Promise<bigint> {
  const { stdout, stderr } = await server.etcdctl(...args, 'lease', 'grant', '600')
  const id = /lease ([\da-f]+) granted/.exec(stdout)?.[1]
  if (id === undefined) throw new Error(stderr)
  return BigInt(`0x${id}`)
}

async function isThere(server: EtcdProcess, lease: bigint, ...args: string[]): Promise<boolean> {
  const { stdout } = await server.etcdctl(...args, 'lease', 'timetolive', lease.toString(16))
  if (stdout === '') throw new Error('expected etcd to tell')
  return !stdout.includes('already expired')
}

describe('over', () => {
  test('a Unix socket, all held leases are revoked, and no others', async () => {
    await using server = await startEtcd({ socket: true })
    const cluster = await connected(reach([`unix:${server.socket}`]))
    const [held, released, foreign] = [
      await grant(server),
      await grant(server),
      await grant(server),
    ]
    cluster.hold(held, 600)
    cluster.hold(released, 600)
    cluster.release(released)
    await cluster.revokeAll()
    expect(await isThere(server, held)).toBe(false)
    expect(await isThere(server, released)).toBe(true)
    expect(await isThere(server, foreign)).toBe(true)
  })

  test('TLS with a client certificate, a lease is revoked', async () => {
    const certificates = makeCertificates()
    onTestFinished(() => {
      certificates.remove()
    })
    const { caFile, certFile, keyFile, client } = certificates
    await using server = await startEtcd({ tls: { caFile, certFile, keyFile, clientCert: client } })
    const tls = {
      ca: readFileSync(caFile, 'utf8'),
      cert: readFileSync(client.certFile, 'utf8'),
      key: readFileSync(client.keyFile, 'utf8'),
    }
    const cluster = await connected(reach([addressOf(server)], { secure: true, tls }))
    const lease = await grant(server)
    cluster.hold(lease, 600)
    await cluster.revokeAll()
    expect(await isThere(server, lease)).toBe(false)
  })
})

test('a lease whose work another process ends is revoked when that one is gone too', async () => {
  await using server = await startEtcd()
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'])
  onTestFinished(() => {
    other.kill('SIGKILL')
  })
  const cluster = await connected(reach([addressOf(server)]))
  const [waiting, free] = [await grant(server), await grant(server)]
  cluster.hold(waiting, 600, other.pid)
  cluster.hold(free, 600)
  const done = cluster.revokeAll()
  await until(async () => !(await isThere(server, free)), { what: 'the other lease to be gone' })
  expect(await isThere(server, waiting)).toBe(true)
  other.kill('SIGKILL')
  await done
  expect(await isThere(server, waiting)).toBe(false)
})

describe('with authentication on', () => {
  let server: EtcdProcess
  beforeAll(async () => {
    server = await startEtcd()
    await enableAuth(server)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test.each([
    ['no token', undefined],
    ['a token that is void', 'void.1'],
  ])('and %s, it signs in by itself', async (_what, token) => {
    const asRoot = [`--user=${root.name}:${root.password}`]
    const lease = await grant(server, ...asRoot)
    // etcd lets any user revoke a lease that has no key.
    const put = ['put', 'jobs/1', 'web', '--lease', lease.toString(16)]
    expect((await server.etcdctl(...asRoot, ...put)).code).toBe(0)
    const credentials = { user: root.name, password: root.password }
    const cluster = await connected(reach([addressOf(server)], { credentials }))
    cluster.token = token
    cluster.hold(lease, 600)
    await cluster.revokeAll()
    expect(await isThere(server, lease, ...asRoot)).toBe(false)
  })
})

describe('when etcd', () => {
  let etcd: EtcdCluster
  beforeAll(async () => {
    etcd = await startCluster()
  })
  afterAll(async () => {
    await etcd[Symbol.asyncDispose]()
  })

  test.each([0, 1, 2])('member %i hangs at that moment, the others are asked', async (index) => {
    const [first] = etcd.members
    if (first === undefined) throw new Error('expected members')
    const lease = await grant(first)
    const clusters = [
      await connected(reach(etcd.members.map(addressOf))),
      await connected(reach(etcd.members.map(addressOf))),
      await connected(reach(etcd.members.map(addressOf))),
    ]
    const hung = etcd.members[index]
    await hung?.pause()
    try {
      for (const cluster of clusters) {
        cluster.hold(lease, 600)
        await cluster.revokeAll()
      }
    } finally {
      hung?.resume()
      await hung?.ready()
    }
    expect(await isThere(first, lease)).toBe(false)
  })

  test('is away, it is asked until it is back', async () => {
    await using server = await startEtcd()
    const lease = await grant(server)
    const cluster = await connected(reach([addressOf(server)]))
    cluster.hold(lease, 600)
    await server.kill()
    let isDone = false
    const done = cluster.revokeAll().then(() => (isDone = true))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(isDone).toBe(false)
    await server.restart()
    await done
    expect(isDone).toBe(true)
    expect(await isThere(server, lease)).toBe(false)
  })

  test('stays away, the guardian gives up when the lease has surely run out', async () => {
    await using server = await startEtcd()
    const cluster = await connected(reach([addressOf(server)]))
    cluster.hold(1n, 0.5)
    await server.kill()
    await expect(cluster.revokeAll()).resolves.toBeUndefined()
  })
})
