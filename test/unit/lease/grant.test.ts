import { describe, expect, test } from 'vitest'
import { ClosedError, RefusedError, SessionLostError } from '../../../src/base/errors.js'
import { Lease as LeaseService } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import { adoptLease, grantLease, revokeLater, revokeLease } from '../../../src/lease/grant.js'
import type { StartRenewal } from '../../../src/lease/renewal.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd } from '../../support/fake-etcd.js'
import { FakeRenewal } from '../../support/fake-renewal.js'

const { leaseGrant, leaseRevoke, leaseTimeToLive } = LeaseService.method
const taken = 'etcdserver: lease already exists'
const noLease = 'etcdserver: requested lease not found'

function setUp(random = (): number => 0.5) {
  const { api, etcd, cluster, clock } = new FakeEtcd({ random })
  const renewals: FakeRenewal[] = []
  const start: StartRenewal = ({ deadline }, listener) => {
    const renewal = new FakeRenewal(deadline, listener)
    renewals.push(renewal)
    return renewal
  }
  return {
    ...{ api, etcd, cluster, clock, renewals },
    grant: () => grantLease(api, 5, 0.05, start),
    adopt: () => adoptLease(api, 0x1an, 0.05, start),
  }
}

describe('a grant', () => {
  test('gives a lease of the TTL that etcd granted, counted from the sending', async () => {
    const { cluster, clock, grant } = setUp()
    const granting = grant()
    await settled()
    await clock.advance(300)
    expect(cluster.call(leaseGrant).request.TTL).toBe(5n)
    cluster.call(leaseGrant).answer({ TTL: 10n })
    const lease = await granting
    expect(lease.id).toBe(cluster.call(leaseGrant).request.ID)
    expect(lease.ttlS).toBe(10)
    expect(lease.remainingMs()).toBe(10_000 * 0.95 - 100 - 300)
  })

  test.each([
    ['0', 0, 1n],
    ['almost 1', 1 - 2 ** -40, 2n ** 63n - 1n],
  ])('draws an id that etcd takes, also when chance says %s', async (_what, random, id) => {
    const { cluster, grant } = setUp(() => random)
    grant().catch(() => undefined)
    await settled()
    expect(cluster.call(leaseGrant).request.ID).toBe(id)
  })

  test('draws another id when another client has the first', async () => {
    const draws = [0.1, 0.2, 0.3, 0.4]
    const { cluster, grant } = setUp(() => draws.shift() ?? 0)
    // One number is for the choice of the member.
    draws.unshift(0)
    const granting = grant()
    await settled()
    cluster.call(leaseGrant).fail(Status.failedPrecondition, taken)
    await settled()
    const ids = cluster.calls(leaseGrant).map(({ request }) => request.ID)
    expect(new Set(ids).size).toBe(2)
    cluster.call(leaseGrant).answer({ TTL: 5n })
    expect((await granting).id).toBe(ids[1])
  })

  test('ends in an error when chance never finds a free id', async () => {
    const { cluster, grant } = setUp()
    cluster.onCall = (call) => {
      call.fail(Status.failedPrecondition, taken)
    }
    await expect(grant()).rejects.toBeInstanceOf(RefusedError)
    expect(cluster.calls(leaseGrant)).toHaveLength(100)
  })

  test('whose first answer was lost takes the lease, counted from the first sending', async () => {
    const { cluster, clock, grant } = setUp()
    const granting = grant()
    await clock.advance(200)
    cluster.call(leaseGrant).fail(Status.unavailable)
    await clock.advance(100)
    expect(cluster.calls(leaseGrant)).toHaveLength(2)
    cluster.call(leaseGrant).fail(Status.failedPrecondition, taken)
    await settled()
    cluster.call(leaseTimeToLive).answer({ TTL: 6n, grantedTTL: 7n })
    const lease = await granting
    expect(lease.id).toBe(cluster.calls(leaseGrant)[0]?.request.ID)
    expect(lease.ttlS).toBe(7)
    expect(lease.remainingMs()).toBe(7_000 * 0.95 - 100 - 300)
  })

  test('passes on any other error', async () => {
    const { cluster, grant } = setUp()
    const granting = grant()
    await settled()
    cluster.call(leaseGrant).fail(Status.permissionDenied, 'etcdserver: permission denied')
    await expect(granting).rejects.toMatchObject({ code: 'ELECT_AUTH' })
    expect(cluster.calls(leaseGrant)).toHaveLength(1)
  })
})

describe('a lease that is taken over', () => {
  test('is not valid until a renewal is confirmed, which is asked for at once', async () => {
    const { cluster, adopt, renewals } = setUp()
    const adopting = adopt()
    expect(cluster.call(leaseTimeToLive).request.ID).toBe(0x1an)
    cluster.call(leaseTimeToLive).answer({ TTL: 3n, grantedTTL: 5n })
    const lease = await adopting
    expect([lease.id, lease.ttlS, lease.isValid(), lease.loss]).toEqual([
      ...[0x1an, 5, false, undefined],
    ])
    expect(renewals[0]?.asked).toBe(1)
  })

  test('is given up when no renewal comes within what was left of it', async () => {
    const { cluster, clock, adopt } = setUp()
    const adopting = adopt()
    cluster.call(leaseTimeToLive).answer({ TTL: 3n, grantedTTL: 5n })
    const lease = await adopting
    await clock.advance(2_999)
    expect(lease.loss).toBe(undefined)
    await clock.advance(1)
    expect(lease.loss).toBe('expired')
  })

  test('has to exist', async () => {
    const { cluster, adopt, renewals } = setUp()
    const adopting = adopt()
    cluster.call(leaseTimeToLive).answer({ TTL: -1n })
    await expect(adopting).rejects.toBeInstanceOf(SessionLostError)
    expect(renewals).toEqual([])
  })
})

describe('giving a lease back', () => {
  test('succeeds when etcd no longer has it', async () => {
    const { api, cluster } = setUp()
    const revoking = revokeLease(api, 0x1an)
    expect(cluster.call(leaseRevoke).request.ID).toBe(0x1an)
    cluster.call(leaseRevoke).fail(Status.notFound, noLease)
    await revoking
  })

  test('fails when it is not known to be gone', async () => {
    const { api, cluster } = setUp()
    const revoking = revokeLease(api, 0x1an)
    cluster.call(leaseRevoke).fail(Status.permissionDenied)
    await expect(revoking).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  })
})

describe('giving a lease back in the background', () => {
  test('is tried until it is gone', async () => {
    const { api, cluster, clock } = setUp()
    const revoking = revokeLater(api, 0x1an, 5)
    const refuse = (): void => {
      cluster.call(leaseRevoke).fail(Status.permissionDenied)
    }
    for (let count = 1; count <= 3; count++) {
      await clock.advanceUntil(() => cluster.calls(leaseRevoke).length === count, 2_000)
      refuse()
    }
    await clock.advanceUntil(() => cluster.calls(leaseRevoke).length === 4, 2_000)
    cluster.call(leaseRevoke).answer({})
    await revoking
  })

  test('ends when the lease must have run out: after two TTLs', async () => {
    const { api, cluster, clock } = setUp()
    cluster.onCall = (call) => {
      call.fail(Status.permissionDenied)
    }
    let isOver = false
    void revokeLater(api, 0x1an, 5).then(() => (isOver = true))
    await clock.advance(9_000)
    expect(isOver).toBe(false)
    await clock.advance(2_000)
    expect(isOver).toBe(true)
  })

  test('ends with the client', async () => {
    const { api, etcd, clock, cluster } = setUp()
    const revoking = revokeLater(api, 0x1an, 5)
    await etcd.close()
    await clock.advanceUntilSettled(revoking, 1_000)
    expect(cluster.calls(leaseRevoke)).toEqual([])
    await expect(revokeLease(api, 0x1an)).rejects.toBeInstanceOf(ClosedError)
  })
})
