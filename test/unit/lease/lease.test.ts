import { describe, expect, test } from 'vitest'
import { encode } from '../../../src/election/keys.js'
import type { Lease, LeaseListener } from '../../../src/lease/lease.js'
import { FakeEtcd } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

/** How long a renewal counts: 5 s less drift and margin. */
const validMs = 4_650

function setUp() {
  const { api, etcd, clock } = new FakeEtcd()
  const { lease, renewal } = fakeLease(api)
  const heard: string[] = []
  const listener: LeaseListener = {
    renewed: () => heard.push('renewed'),
    lost: (loss) => heard.push(`lost: ${loss}`),
  }
  const off = lease.listen(listener)
  const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() })
  return { api, etcd, clock, lease, renewal, heard, off, now }
}

/** Depends on many keys, `k0`, `k1`, …; returns how to stop for each. */
function dependOnMany(lease: Lease, count: number): (() => void)[] {
  return Array.from({ length: count }, (_, index) => lease.dependOn(encode(`k${String(index)}`)))
}

describe('a lease', () => {
  test('is valid from its grant until its deadline, and lost then', async () => {
    const { clock, lease, renewal, heard } = setUp()
    expect(lease.remainingMs()).toBe(validMs)
    await clock.advance(validMs - 1)
    expect([lease.remainingMs(), lease.isValid(), lease.loss]).toEqual([1, true, undefined])
    expect(heard).toEqual([])
    await clock.advance(1)
    expect([lease.remainingMs(), lease.isValid(), lease.loss]).toEqual([0, false, 'expired'])
    expect(heard).toEqual(['lost: expired'])
    expect(renewal.isClosed).toBe(true)
  })

  test('lives on by a confirmed renewal, from when that was sent', async () => {
    const { clock, lease, renewal, heard, now } = setUp()
    await clock.advance(1_000)
    const sentAt = now()
    await clock.advance(500)
    renewal.acknowledge(sentAt)
    renewal.confirmed()
    expect(heard).toEqual(['renewed'])
    expect(lease.remainingMs()).toBe(validMs - 500)
    await clock.advance(validMs - 501)
    expect(lease.loss).toBe(undefined)
    await clock.advance(1)
    expect(lease.loss).toBe('expired')
  })

  test('that no candidate depends on is kept by a renewal that is not confirmed, but is not valid by it', async () => {
    const { clock, lease, renewal, now } = setUp()
    await clock.advance(1_000)
    renewal.acknowledge(now())
    await clock.advance(validMs - 1_000)
    expect([lease.isValid(), lease.loss]).toEqual([false, undefined])
    await clock.advance(1_000)
    expect(lease.loss).toBe('expired')
  })

  test('that a candidate depends on lives by confirmed renewals only', async () => {
    const { clock, lease, renewal, now } = setUp()
    lease.dependOn(encode('k'))
    await clock.advance(1_000)
    renewal.acknowledge(now())
    await clock.advance(validMs - 1_000)
    expect(lease.loss).toBe('expired')
  })

  test('is kept again by unconfirmed renewals once the last candidate is gone', async () => {
    const { clock, lease, renewal, now } = setUp()
    const [first, second] = dependOnMany(lease, 2)
    first?.()
    second?.()
    await clock.advance(1_000)
    renewal.acknowledge(now())
    await clock.advance(validMs - 1_000)
    expect(lease.loss).toBe(undefined)
  })

  test('that is not valid when a candidate begins to depend on it asks at once, and is kept', async () => {
    const { clock, lease, renewal, now } = setUp()
    await clock.advance(1_000)
    renewal.acknowledge(now())
    await clock.advance(validMs - 1_000)
    lease.dependOn(encode('k'))
    expect(renewal.asked).toBe(1)
    renewal.acknowledge(now())
    expect(lease.loss).toBe(undefined)
    renewal.confirmed()
    expect(lease.remainingMs()).toBe(validMs)
    await clock.advance(1_000)
    renewal.acknowledge(now())
    await clock.advance(validMs - 1_000)
    expect(lease.loss).toBe('expired')
  })
})

describe('a loss', () => {
  test('is told once to each listener, and no renewal after it', () => {
    const { lease, renewal, heard } = setUp()
    lease.end('closed')
    lease.end('revoked')
    renewal.confirmed()
    expect(lease.loss).toBe('closed')
    expect(heard).toEqual(['lost: closed'])
    expect([lease.isValid(), renewal.isClosed]).toEqual([false, true])
  })

  test('is not told to a listener that was taken off', () => {
    const { lease, heard, off } = setUp()
    off()
    lease.end('closed')
    expect(heard).toEqual([])
  })

  test('comes with the end of the client', async () => {
    const { etcd, lease } = setUp()
    await etcd.close()
    expect(lease.loss).toBe('closed')
  })

  test('is a revocation when etcd lacks a lease whose time is not over, else it expired', async () => {
    const early = setUp()
    early.renewal.listener.leaseMissing(validMs - 1)
    expect(early.lease.loss).toBe('revoked')
    const late = setUp()
    late.renewal.listener.leaseMissing(validMs)
    expect(late.lease.loss).toBe('expired')
    await late.clock.advance(60_000)
    expect(late.heard).toEqual(['lost: expired'])
  })

  test('that the renewal knows of makes the lease invalid before it is told', () => {
    const { lease, renewal } = setUp()
    renewal.isLeaseMissing = true
    expect([lease.remainingMs(), lease.loss]).toEqual([0, undefined])
  })

  test('ends the asking for renewals', () => {
    const { lease, renewal } = setUp()
    lease.renewNow()
    lease.end('closed')
    lease.renewNow()
    expect(renewal.asked).toBe(1)
  })
})

test('when only the wall clock says that the lease is over, etcd is asked once for each renewal', async () => {
  const { api, lease, renewal, clock, now } = setUp()
  let aheadMs = 0
  const wallMs = clock.wallMs.bind(clock)
  api.clock.wallMs = () => wallMs() + aheadMs
  aheadMs = 10_000
  expect(lease.isValid()).toBe(false)
  expect(lease.isValid()).toBe(false)
  expect(renewal.asked).toBe(1)
  await clock.advance(10)
  renewal.acknowledge({ ...now(), wallMs: api.clock.wallMs() })
  renewal.confirmed()
  expect(lease.isValid()).toBe(true)
  aheadMs = 20_000
  expect(lease.isValid()).toBe(false)
  expect(renewal.asked).toBe(2)
})

describe('the keys that confirm renewals', () => {
  test('are the first 8 of those that candidates depend on', () => {
    const { lease, renewal } = setUp()
    dependOnMany(lease, 10)
    expect(renewal.keys).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'])
  })

  test('are chosen anew when one of them is no longer depended on', () => {
    const { lease, renewal } = setUp()
    const stops = dependOnMany(lease, 10)
    stops[9]?.()
    expect(renewal.keys).toContain('k0')
    stops[0]?.()
    expect(renewal.keys).toEqual(['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8'])
  })

  test('are none once no candidate depends on the lease', () => {
    const { lease, renewal } = setUp()
    for (const stop of dependOnMany(lease, 2)) stop()
    expect(renewal.keys).toEqual([])
  })
})

test('an answer is passed on with the renewal that was unconfirmed when its request was sent', () => {
  const { lease, renewal, now } = setUp()
  renewal.acknowledge({ ...now(), monotonicMs: 1 })
  const { unconfirmed } = lease
  expect(unconfirmed).toMatchObject({ sentAt: { monotonicMs: 1 }, raftTerm: 3n })
  renewal.acknowledge({ ...now(), monotonicMs: 2 })
  lease.confirm(unconfirmed, 3n)
  expect(renewal.confirmations).toEqual([[unconfirmed, 3n]])
})
