// A TTL in milliseconds is a common mistake: one warning says that seconds are meant.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Etcd } from '../../../src/index.js'
import { FakeCluster } from '../../support/fake-cluster.js'

const warnings: (Error & { code?: string })[] = []
const listener = (warning: Error): void => void warnings.push(warning)

/** Imports the library anew, as in a process that has just started. */
async function library() {
  vi.resetModules()
  const { Candidate, Etcd, Session } = await import('../../../src/index.js')
  const cluster = new FakeCluster()
  const etcd = new Etcd({ endpoints: 'http://etcd:2379', transport: cluster.connect })
  return { Candidate, Session, etcd }
}

async function warned(etcd: Etcd): Promise<readonly string[]> {
  // Node.js emits warnings in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  await etcd.close()
  return warnings.map(({ code, message }) => `${code ?? ''}: ${message}`)
}

beforeEach(() => {
  warnings.length = 0
  process.on('warning', listener)
})
afterEach(() => {
  process.off('warning', listener)
})

test('a session with a TTL of five minutes draws no warning', async () => {
  const { Session, etcd } = await library()
  new Session(etcd, { ttl: 300 })
  expect(await warned(etcd)).toEqual([])
})

test('sessions and candidates with longer ones draw a single warning', async () => {
  const { Candidate, Session, etcd } = await library()
  new Session(etcd, { ttl: 5_000 })
  new Session(etcd, { ttl: 301 })
  new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 10_000 })
  expect(await warned(etcd)).toEqual([
    'ELECT_LONG_TTL: ttl: 5000 means 5000 seconds, about 83 minutes: when a leader dies, there may be none for that long. TTLs are in seconds, not in milliseconds',
  ])
})

test('so does a candidate', async () => {
  const { Candidate, etcd } = await library()
  new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 301 })
  expect(await warned(etcd)).toEqual([expect.stringMatching(/^ELECT_LONG_TTL: ttl: 301 .* 5 min/)])
})

test.each([
  [7_140, '119 minutes'],
  [7_200, '2 hours'],
  [86_400, '24 hours'],
  [172_800, '2 days'],
  [9_000_000_000, '104167 days'],
])('of %i seconds it says %s', async (ttl, text) => {
  const { Session, etcd } = await library()
  new Session(etcd, { ttl })
  expect((await warned(etcd))[0]).toContain(`, about ${text}: `)
})

test('a wrong TTL is an error and draws none', async () => {
  const { Session, etcd } = await library()
  expect(() => new Session(etcd, { ttl: 1e12 })).toThrow('ttl: expected whole seconds')
  expect(await warned(etcd)).toEqual([])
})
