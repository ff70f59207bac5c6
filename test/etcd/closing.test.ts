// Closing a client, a session or a candidate, and what that ends.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClosedError } from '../../src/index.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'

let server: EtcdProcess
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

test('closing the client ends terms, campaigns and observers, and renews no lease any more', async () => {
  const { candidate, client, observer, election } = scope(server.endpoint)
  const etcd = client()
  const a = candidate('a', { on: etcd, ttl: 5 })
  const b = candidate('b', { on: etcd, ttl: 5 })
  const watching = observer(etcd)
  await watching.start()
  const leadership = await a.campaign()
  const waiting = expect(b.campaign()).rejects.toBeInstanceOf(ClosedError)
  await until(() => watching.candidates.length === 2, { what: 'both to be seen' })
  const reading = expect(
    (async () => {
      for await (const leader of watching) expect(leader?.name).toBe('a')
    })(),
  ).rejects.toBeInstanceOf(ClosedError)
  await etcd.close()
  await etcd.close()
  await Promise.all([waiting, reading])
  expect(await leadership.ended).toBe('closed')
  expect(leadership.isValid()).toBe(false)
  await expect(a.campaign()).rejects.toBeInstanceOf(ClosedError)
  await expect(a.leader()).rejects.toBeInstanceOf(ClosedError)
  await a.close()
  const remaining = (): Promise<string> =>
    server.etcdctl('get', `${election}/`, '--prefix', '--keys-only').then(({ stdout }) => stdout)
  await until(async () => (await remaining()) === '', { what: 'the leases to run out' })
})

test('closing a session while it opens revokes its lease', async () => {
  const { candidate, session } = scope(server.endpoint)
  const own = session({ ttl: 60 })
  const campaign = expect(candidate('a', { on: own }).campaign()).rejects.toBeInstanceOf(
    ClosedError,
  )
  await own.close()
  await campaign
  const { stdout } = await server.etcdctl('lease', 'list')
  expect(own.leaseId).toBeDefined()
  expect(stdout).not.toContain(own.leaseId?.toString(16))
})

test('closing a shared session ends all its terms at once, with one request', async () => {
  const { candidate, session, election } = scope(server.endpoint)
  const shared = session({ ttl: 60 })
  const terms = await Promise.all(
    [1, 2, 3].map((index) =>
      candidate('a', { on: shared, election: `${election}-${String(index)}` }).campaign(),
    ),
  )
  await shared.close()
  expect(await Promise.all(terms.map(({ ended }) => ended))).toEqual(['closed', 'closed', 'closed'])
  const { stdout } = await server.etcdctl('get', election, '--prefix', '--keys-only')
  expect(stdout).toBe('')
})

test('closing a candidate of a shared session leaves the others alone', async () => {
  const { candidate, session, election } = scope(server.endpoint)
  const shared = session({ ttl: 60 })
  const a = candidate('a', { on: shared })
  const other = candidate('a', { on: shared, election: `${election}-other` })
  const leadership = await a.campaign()
  const theirs = await other.campaign()
  await a.close()
  expect(await leadership.ended).toBe('closed')
  expect(theirs.isValid()).toBe(true)
  expect(await other.isLeader()).toBe(true)
  await expect(a.campaign()).rejects.toBeInstanceOf(ClosedError)
})

test('a leadership that is over neither proclaims nor resigns the next one', async () => {
  const { candidate } = scope(server.endpoint)
  const a = candidate('a')
  const first = await a.campaign()
  await a.resign()
  const second = await a.campaign()
  await expect(first.proclaim('x')).rejects.toMatchObject({ code: 'ELECT_NOT_LEADER' })
  await first.resign()
  expect(second.isValid()).toBe(true)
  expect(a.name).toBe('a')
})
