import { describe, expect, test } from 'vitest'
import { LoopRenewal } from '../../../src/lease/renewal.js'
import { Companions } from '../../../src/session/companions.js'
import type { ResolvedSessionOptions } from '../../../src/session/options.js'
import { FakeEtcd } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

const ordinary: ResolvedSessionOptions = {
  ...{ ttl: 5, clockDrift: 0.05, leaseId: undefined, guardian: false },
  ...{ renewal: 'main', maxStallMs: 30_000, healthy: undefined },
}

function setUp(options: Partial<ResolvedSessionOptions> = {}) {
  const { api } = new FakeEtcd()
  const events: string[] = []
  const make = () =>
    new Companions(api, { ...ordinary, ...options }, { emit: (event) => events.push(event) })
  return { api, events, make }
}

describe('a client with a transport of its own', () => {
  test.each([
    ['guardian', { guardian: true }],
    ['renewal', { renewal: 'worker' as const }],
  ])('has no companion that could use it (%s)', (option, options) => {
    const { make } = setUp(options)
    expect(make).toThrow(expect.objectContaining({ code: 'ELECT_INVALID_ARGUMENT', option }))
  })
})

describe('a process', () => {
  test.each([
    ['that says nothing is fit', undefined, true],
    ['that says true is fit', () => true, true],
    ['that says false is not', () => false, false],
    ['that says something else is not', () => 1 as unknown as boolean, false],
    ['that promises to say true is not', () => Promise.resolve(true) as unknown as boolean, false],
    [
      'that throws is not',
      () => {
        throw new Error('not fit')
      },
      false,
    ],
  ])('%s', (_what, healthy, isFit) => {
    expect(setUp({ healthy }).make().isHealthy()).toBe(isFit)
  })
})

test('without companions a lease is renewed on this event loop, and nothing is told', () => {
  const { api, events, make } = setUp()
  const companions = make()
  const { lease, renewal: granted } = fakeLease(api)
  const renewal = companions.startRenewal(
    { api, id: lease.id, ttlS: lease.ttlS, deadline: granted.deadline },
    granted.listener,
  )
  expect(renewal).toBeInstanceOf(LoopRenewal)
  renewal.close()
  companions.start()
  companions.guard(lease)
  companions.unguard(lease)
  companions.stop()
  expect(events).toEqual([])
})
