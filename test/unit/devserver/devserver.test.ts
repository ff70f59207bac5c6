// Starting and closing a devserver: its endpoint, options and first revision.

import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DevServer, type DevServerOptions } from '../../../src/devserver/index.js'
import { Candidate, Etcd } from '../../../src/index.js'
import { TestClock } from '../../../src/testing/index.js'
import { RawEtcd } from '../../devserver/conformance/raw/etcd.js'

const logLines: string[] = []
const log = (line: string) => logLines.push(line)

async function start(options: DevServerOptions = {}): Promise<DevServer> {
  const server = await DevServer.start({ log, ...options })
  onTestFinished(() => server.close())
  return server
}

async function revisionOf({ endpoint }: DevServer, puts = 0): Promise<bigint> {
  const etcd = new RawEtcd(endpoint)
  for (let i = 0; i < puts; i++) await etcd.put({ key: 'a', value: String(i) })
  const revision = await etcd.revision()
  etcd.close()
  return revision
}

describe('a devserver', () => {
  test('logs its endpoint and its purpose in one line', async () => {
    logLines.length = 0
    const { endpoint } = await start()
    expect(logLines).toEqual([
      `etcd-elect devserver on ${endpoint}: keeps everything in memory, is for development and tests only`,
    ])
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  test('listens on the given port, and rejects when it is taken', async () => {
    const { endpoint } = await start()
    const port = Number(new URL(endpoint).port)
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('listens on loopback only, unless told otherwise', async () => {
    const port = Number(new URL((await start()).endpoint).port)
    await expect(dial('127.0.0.2', port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const { endpoint } = await start({ host: '0.0.0.0' })
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:/)
    await dial('127.0.0.2', Number(new URL(endpoint).port))
  })

  test('may be closed more than once, and then refuses connections', async () => {
    const server = await start()
    const etcd = new RawEtcd(server.endpoint)
    await etcd.put({ key: 'a', value: '1' })
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()])
    await server.close()
    const { port } = new URL(server.endpoint)
    await expect(dial('127.0.0.1', Number(port))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    etcd.close()
  })

  test('uses the given clock: leases expire by it', async () => {
    const clock = new TestClock()
    const { endpoint } = await start({ clock, firstRevision: 1n })
    const etcd = new RawEtcd(endpoint)
    await etcd.grant(60n, 7n)
    expect((await etcd.leases()).leases).toEqual([{ ID: 7n }])
    await clock.advance(60_000)
    expect((await etcd.leases()).leases).toBeUndefined()
    etcd.close()
  })
})

describe('its revisions', () => {
  test('begin with the time, so that they go on growing from one run of a program to the next', async () => {
    const clock = new TestClock()
    const before = BigInt(clock.wallMs()) * 1000n
    // This process has closed devservers later than the year 2000 of this clock.
    expect(await revisionOf(await start({ clock }))).toBeGreaterThanOrEqual(before)
    const now = BigInt(Date.now()) * 1000n
    expect(await revisionOf(await start())).toBeGreaterThanOrEqual(now)
  })

  test('never go back when a server replaces a closed one, even at the same instant', async () => {
    const clock = new TestClock()
    let last = 0n
    for (let i = 0; i < 3; i++) {
      const server = await start({ clock })
      expect(await revisionOf(server)).toBeGreaterThan(last + 1n)
      last = await revisionOf(server, 5)
      await server.close()
    }
  })

  test('nor when the clock goes back', async () => {
    const first = await start({ firstRevision: 2n ** 61n })
    const last = await revisionOf(first, 1)
    await first.close()
    expect(await revisionOf(await start())).toBeGreaterThan(last)
  })

  test('so the fencing tokens of a program that restarts its devserver grow', async () => {
    const tokens: bigint[] = []
    for (let i = 0; i < 3; i++) {
      const server = await start()
      const etcd = new Etcd({ endpoints: server.endpoint })
      const candidate = new Candidate(etcd, { election: 'jobs', name: 'one', ttl: 5 })
      tokens.push((await candidate.campaign()).fencingToken)
      await candidate.close()
      await etcd.close()
      await server.close()
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)))
  })
})

function dial(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}
