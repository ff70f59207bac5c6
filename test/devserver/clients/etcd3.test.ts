// The basic calls of the npm package etcd3, on every server.

import { Etcd3, type Lease, Range } from 'etcd3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer } from '../conformance/servers.js'
import { until } from '../../support/until.js'
import { servers } from './pairs.js'

describe.each(servers)('$name', (kind) => {
  let server: RunningServer
  let client: Etcd3

  beforeAll(async () => {
    server = await kind.start()
    client = new Etcd3({ hosts: server.endpoint })
  })

  afterAll(async () => {
    client.close()
    await server.close()
  })

  async function grant(lease: Lease): Promise<Lease> {
    // Without this listener, a lease that ends would emit an unhandled 'error' event.
    lease.on('lost', () => undefined)
    await lease.grant()
    return lease
  }

  test('put, get, getAll, delete', async () => {
    await client.put('kv/a').value('1')
    await client.put('kv/b').value('2')
    expect(await client.get('kv/a').string()).toBe('1')
    expect(await client.get('kv/nothing').string()).toBeNull()
    expect(await client.getAll().prefix('kv/').strings()).toEqual({ 'kv/a': '1', 'kv/b': '2' })
    expect(await client.getAll().prefix('kv/').sort('Key', 'Descend').limit(1).keys()).toEqual([
      'kv/b',
    ])
    expect(await client.getAll().prefix('kv/').count()).toBe(2)
    const { deleted } = await client.delete().prefix('kv/')
    expect(deleted).toBe('2')
    expect(await client.getAll().prefix('kv/').count()).toBe(0)
  })

  test('if, then, else', async () => {
    const create = () =>
      client
        .if('txn', 'Create', '==', 0)
        .then(client.put('txn').value('first'))
        .else(client.get('txn'))
        .commit()
    expect((await create()).succeeded).toBe(true)
    const again = await create()
    expect(again.succeeded).toBe(false)
    expect(again.responses[0]?.response_range.kvs[0]?.value.toString()).toBe('first')
  })

  test('a software transaction is retried after a conflict', async () => {
    await client.put('counter').value(0)
    const increment = () =>
      client.stm().transact(async (tx) => {
        const now = await tx.get('counter').number()
        await tx.put('counter').value((now ?? 0) + 1)
      })
    await Promise.all([increment(), increment(), increment()])
    expect(await client.get('counter').number()).toBe(3)
  })

  test('watching a prefix', async () => {
    const watcher = await client.watch().prefix('watched/').create()
    const seen: string[] = []
    watcher.on('put', ({ key, value }) => seen.push(`${key.toString()}=${value.toString()}`))
    watcher.on('delete', ({ key }) => seen.push(`${key.toString()} deleted`))
    await client.put('watched/a').value('1')
    await client.put('elsewhere').value('1')
    await client.delete().key('watched/a')
    await until(() => seen.length === 2, { what: 'two events' })
    expect(seen).toEqual(['watched/a=1', 'watched/a deleted'])
    await watcher.cancel()
  })

  test('a lease keeps its keys until it is revoked', async () => {
    const lease = await grant(client.lease(60, { autoKeepAlive: false }))
    await lease.put('leased').value('1')
    await lease.keepaliveOnce()
    expect(await client.get('leased').string()).toBe('1')
    await lease.revoke()
    expect(await client.get('leased').string()).toBeNull()
  })

  test('a lock excludes others until it is released', async () => {
    const lock = client.lock('lock').ttl(60)
    await lock.acquire()
    await expect(client.lock('lock').ttl(60).acquire()).rejects.toThrow(/lock/i)
    await lock.release()
    expect(
      await client
        .lock('lock')
        .ttl(60)
        .do(() => 'inside'),
    ).toBe('inside')
  })

  test('an election goes to the first, then to the second', async () => {
    const election = client.election('election', 60)
    const first = election.campaign('first')
    await new Promise((resolve, reject) => {
      first.once('elected', () => {
        resolve(undefined)
      })
      first.once('error', reject)
    })
    const observer = await election.observe()
    expect(observer.leader()).toBe('first')
    const second = election.campaign('second')
    second.on('error', () => undefined)
    await first.resign()
    await until(() => observer.leader() === 'second', { what: 'the second to lead' })
    await observer.cancel()
    await second.resign()
  })

  test('users, roles and a login', async () => {
    const role = await client.role('root').create()
    await (await client.user('root').create('r')).addRole('root')
    const app = await client.role('app').create()
    await app.grant({ permission: 'Readwrite', range: Range.prefix('app/') })
    await (await client.user('ann').create('a')).addRole('app')
    expect((await client.getUsers()).map(({ name }) => name)).toEqual(['ann', 'root'])
    expect(role.name).toBe('root')
    await client.auth.authEnable()
    const ann = new Etcd3({ hosts: server.endpoint, auth: { username: 'ann', password: 'a' } })
    const root = new Etcd3({ hosts: server.endpoint, auth: { username: 'root', password: 'r' } })
    try {
      await ann.put('app/a').value('1')
      await expect(ann.put('other').value('1')).rejects.toThrow(/permission denied/)
    } finally {
      await root.auth.authDisable()
      ann.close()
      root.close()
    }
  })
})
