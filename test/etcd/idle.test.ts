// Candidates and observers of a quiet election, while etcd drops old revisions and sign-in tokens.

import { expect, onTestFinished, test } from 'vitest'
import type { Leadership } from '../../src/index.js'
import { enableAuth, root } from '../support/auth.js'
import { type EtcdOptions, type EtcdProcess, startEtcd } from '../support/etcd.js'
import { Proxy } from '../support/proxy.js'
import { isPending, scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'

async function started(options: EtcdOptions = {}): Promise<{ server: EtcdProcess; proxy: Proxy }> {
  const server = await startEtcd(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  const proxy = await Proxy.before(server.port)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return { server, proxy }
}

/** Resolves when the lease was renewed so many times. */
async function renewed(leadership: Leadership, times: number): Promise<void> {
  let last = leadership.remainingMs()
  for (let count = 0; count < times; count++) {
    await until(
      () => {
        const before = last
        last = leadership.remainingMs()
        return last > before
      },
      { what: 'a renewal', timeoutMs: 60_000 },
    )
  }
}

test('compacting all old revisions while nothing happens in the election changes nothing', async () => {
  const { server, proxy } = await started()
  const { candidate, client, observer } = scope(proxy.endpoint)
  const a = candidate('a', { on: client() })
  const leadership = await a.campaign()
  const b = candidate('b', { on: client() })
  const next = b.campaign()
  const watching = observer(client())
  await watching.start()
  await until(() => watching.candidates.length === 2, { what: 'both to be seen' })
  await until(() => b.term !== '', { what: 'b to know of its key' })
  const { term } = b
  for (let round = 0; round < 3; round++) {
    for (let put = 0; put < 5; put++) await server.etcdctl('put', 'beside', String(put))
    const { stdout } = await server.etcdctl('get', 'beside', '-w', 'fields')
    const revision = /"Revision" : (\d+)/.exec(stdout)?.[1] ?? ''
    const { code } = await server.etcdctl('compact', '--physical', revision)
    expect(code).toBe(0)
    // Now every watch opens again at a compacted revision.
    proxy.reset()
    await leadership.proclaim(`a${String(round)}`)
    await seen(watching, `a${String(round)}`)
  }
  expect(leadership.isValid()).toBe(true)
  expect(b.term).toBe(term)
  expect(await isPending(next)).toBe(true)
  await a.resign()
  expect((await next).term).toBe(term)
})

test('when the sign-in token expires again and again, streams reopen and no event is lost', async () => {
  const { server, proxy } = await started({ args: ['--auth-token-ttl', '1'] })
  await enableAuth(server)
  const credentials = { user: root.name, password: root.password }
  const { candidate, client, observer } = scope(proxy.endpoint)
  const direct = client({ endpoints: server.endpoint, ...credentials })
  const a = candidate('a', { on: direct, ttl: 10 })
  const leadership = await a.campaign()
  const on = client(credentials)
  const b = candidate('b', { on, ttl: 10 })
  const next = b.campaign()
  const watching = observer(on)
  await watching.start()
  await until(() => watching.candidates.length === 2, { what: 'both to be seen' })
  await until(() => b.term !== '', { what: 'b to know of its key' })
  const { term } = b
  const etcdctl = (...args: string[]) =>
    server.etcdctl(`--user=${root.name}:${root.password}`, ...args)
  for (let round = 0; round < 3; round++) {
    // A change of rights makes every token void, as its age does.
    const { code } = await etcdctl('role', 'add', `role-${String(round)}`)
    expect(code).toBe(0)
    proxy.reset()
    await leadership.proclaim(`a${String(round)}`)
    await seen(watching, `a${String(round)}`)
    // Longer than a token lives.
    await Promise.all([
      renewed(leadership, 1),
      new Promise((resolve) => setTimeout(resolve, 2_500)),
    ])
  }
  expect(leadership.signal.aborted).toBe(false)
  expect(b.term).toBe(term)
  await a.resign()
  expect((await next).term).toBe(term)
  await seen(watching, 'b')
})
