// Resigning, closing and giving a campaign up while etcd hangs or refuses connections: each ends
// within its bound, reports nothing that is not known, and goes on trying in the background.

import { expect, onTestFinished, test } from 'vitest'
import { campaignPatiently } from '../support/campaign.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'

const brief = { attemptTimeoutMs: 300, callTimeoutMs: 900 }

const ways = [
  {
    how: 'hangs',
    fail: (server: EtcdProcess) => server.pause(),
    mend: (server: EtcdProcess) => {
      server.resume()
      return Promise.resolve()
    },
  },
  {
    how: 'refuses connections',
    fail: (server: EtcdProcess) => server.kill(),
    mend: (server: EtcdProcess) => server.restart(),
  },
]

async function started(): Promise<EtcdProcess> {
  const server = await startEtcd()
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

async function keys(server: EtcdProcess): Promise<string[]> {
  const { stdout } = await server.etcdctl('get', '', '--prefix', '--keys-only')
  return stdout.split('\n').filter((line) => line !== '')
}

const unknown = { code: expect.stringMatching(/ELECT_(TIMEOUT|UNAVAILABLE)/) as string }

test.each(ways)(
  'resign() against an etcd that $how ends, and the key is removed later',
  async ({ fail, mend }) => {
    const server = await started()
    const { candidate, client } = scope(server.endpoint)
    const a = candidate('a', { on: client(brief), ttl: 60 })
    const leadership = await campaignPatiently(a)
    await fail(server)
    await expect(a.resign()).rejects.toMatchObject({ ...unknown, retryable: true })
    expect(leadership.isValid()).toBe(false)
    expect(await leadership.ended).toBe('resigned')
    await mend(server)
    await until(async () => (await keys(server)).length === 0, { what: 'the key to go' })
    expect((await campaignPatiently(a)).fencingToken).toBeGreaterThan(leadership.fencingToken)
  },
)

test.each(ways)(
  'close() against an etcd that $how ends, and lease and key are removed later',
  async ({ fail, mend }) => {
    const server = await started()
    const { candidate, client } = scope(server.endpoint)
    const a = candidate('a', { on: client(brief), ttl: 60 })
    const leadership = await campaignPatiently(a)
    await fail(server)
    await expect(a.close()).rejects.toMatchObject(unknown)
    expect(await leadership.ended).toBe('closed')
    await mend(server)
    await until(async () => (await keys(server)).length === 0, { what: 'the key to go' })
    const leases = async (): Promise<string> => (await server.etcdctl('lease', 'list')).stdout
    await until(async () => (await leases()).includes('found 0 leases'), {
      what: 'the lease to go',
    })
  },
)

test.each(ways)(
  'a campaign that is given up while etcd $how rejects at once, and is never elected later',
  async ({ fail, mend }) => {
    const server = await started()
    const { candidate, client } = scope(server.endpoint)
    const a = candidate('a', { on: client(), ttl: 60 })
    await a.campaign()
    const b = candidate('b', { on: client(), ttl: 60 })
    const giveUp = new AbortController()
    const campaign = b.campaign({ signal: giveUp.signal })
    await until(() => b.term !== '', { what: 'b to be in the queue' })
    await fail(server)
    const reason = new Error('enough')
    giveUp.abort(reason)
    await expect(campaign).rejects.toBe(reason)
    await mend(server)
    await until(async () => (await keys(server)).length === 1, { what: 'the key of b to go' })
    await a.resign()
    await until(async () => (await keys(server)).length === 0, { what: 'no key' })
    expect(b.term).toBe('')
    expect(await b.isLeader()).toBe(false)
  },
)
