import { describe, expect, test } from 'vitest'
import { AlreadyACandidateError, TimeoutError } from '../../../src/base/errors.js'
import { ElectionDriver, type LeaseSource } from '../../../src/election/driver.js'
import { LockDelay } from '../../../src/election/lock-delay.js'
import { subscribeToRoster } from '../../../src/election/roster-feeds.js'
import { SessionPlaces } from '../../../src/election/session-places.js'
import { Event_EventType as Type } from '../../../src/etcd/wire/gen/kv_pb.js'
import { KV, Watch } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import type { Lease } from '../../../src/lease/lease.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'
import { fakeLease, type FakeRenewal } from '../../support/fake-renewal.js'

const { range, txn } = KV.method
const { watch } = Watch.method
/** An error that may pass, and that is not tried again within the call. */
const noSpace = [Status.resourceExhausted, 'etcdserver: mvcc: database space exceeded'] as const
const other = kv('jobs/2', 'other', 5n)
const own = (token = 12n) => kv('jobs/1a', 'web-1', token)

/** A session whose leases have the ids 1a, 1b, … */
class FakeSession implements LeaseSource {
  readonly places = new SessionPlaces()
  readonly leases: Lease[] = []
  readonly renewals: FakeRenewal[] = []
  readonly #fake: FakeEtcd

  constructor(fake: FakeEtcd) {
    this.#fake = fake
  }

  lease(): Promise<Lease> {
    const last = this.leases.at(-1)
    if (last !== undefined && last.loss === undefined) return Promise.resolve(last)
    const { lease, renewal } = fakeLease(this.#fake.api, 0x1an + BigInt(this.leases.length))
    this.leases.push(lease)
    this.renewals.push(renewal)
    return Promise.resolve(lease)
  }

  givenBack(): Promise<void> {
    return Promise.resolve()
  }
}

class Setup {
  readonly fake: FakeEtcd
  readonly session: FakeSession
  /** What the candidate is told. */
  readonly told: string[] = []
  readonly driver: ElectionDriver

  constructor({ withDelay = false, callTimeoutMs = 1_000 } = {}) {
    this.fake = new FakeEtcd({ attemptTimeoutMs: 1_000, callTimeoutMs })
    this.session = new FakeSession(this.fake)
    const lockDelay = withDelay ? new LockDelay(this.fake.clock, 0.05) : undefined
    this.driver = this.makeDriver(this.told, lockDelay)
  }

  makeDriver(told: string[] = [], lockDelay?: LockDelay): ElectionDriver {
    const { api } = this.fake
    const options = { api, election: 'jobs', session: this.session, lockDelay }
    return new ElectionDriver(options, {
      elected: ({ term, fencingToken }, { id }) => {
        told.push(`elected ${term} ${String(fencingToken)} on ${id.toString(16)}`)
      },
      ended: (end) => told.push(`ended: ${end}`),
      failed: (error) => told.push(`failed: ${(error as { code: string }).code}`),
    })
  }

  /** Campaigns, and joins at this revision with these keys in the election. */
  async joins(revision = 12n, ...kvs: ReturnType<typeof kv>[]): Promise<void> {
    this.driver.campaign('web-1')
    await settled()
    this.fake.answerTxn(revision, true, ...kvs)
    await settled()
    // The watch is opened in the next turn.
    await settled()
  }

  /** Campaigns, and leads. */
  async leads(): Promise<void> {
    await this.joins(12n, own())
  }

  happened(...events: { type: Type; kv: ReturnType<typeof kv> }[]): void {
    this.fake.cluster.stream(watch).message({ watchId: 1n, events })
  }

  removed(key: ReturnType<typeof kv>, modRevision: bigint): void {
    this.happened({ type: Type.DELETE, kv: { ...key, modRevision } })
  }

  /** etcd no longer shows the election to this user. */
  refuseWatch(): void {
    const refusal = { canceled: true, cancelReason: 'etcdserver: permission denied' }
    this.fake.cluster.stream(watch).message({ watchId: 1n, ...refusal })
  }

  /** The keys that the last transaction removes. */
  get removes(): string[] {
    return this.fake.cluster
      .call(txn)
      .request.success.flatMap(({ request }) =>
        request.case === 'requestDeleteRange' ? [Buffer.from(request.value.key).toString()] : [],
      )
  }

  async outcome(promise: Promise<void>): Promise<string> {
    return promise.then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
    )
  }
}

describe('a candidate', () => {
  test('that is the first when it joins is elected', async () => {
    const setup = new Setup()
    await setup.leads()
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
    expect(setup.driver.candidacy).toEqual({
      ...{ election: 'jobs', term: 'jobs/1a', fencingToken: 12n },
    })
    expect(setup.session.renewals[0]?.keys).toEqual(['jobs/1a'])
  })

  test('that is not is elected when all older keys are gone', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, kv('jobs/3', 'third', 7n), own())
    setup.removed(other, 13n)
    expect(setup.told).toEqual([])
    setup.removed(kv('jobs/3', '', 0n), 14n)
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
  })

  test('whose lease is not valid is elected with its next renewal', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    const [renewal] = setup.session.renewals
    if (renewal) renewal.isLeaseMissing = true
    setup.removed(other, 13n)
    expect(setup.told).toEqual([])
    if (renewal) renewal.isLeaseMissing = false
    renewal?.confirmed()
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
  })

  test('that cannot join is told so, and has no candidacy', async () => {
    const setup = new Setup()
    setup.driver.campaign('web-1')
    await settled()
    setup.fake.cluster.call(txn).fail(Status.permissionDenied)
    await settled()
    expect(setup.told).toEqual(['failed: ELECT_AUTH'])
    expect(setup.driver.candidacy).toBe(undefined)
    expect(await setup.outcome(setup.driver.left())).toBe('done')
  })

  test('whose join had no answer is told so, and removes the key that may be there', async () => {
    const setup = new Setup()
    setup.driver.campaign('web-1')
    await setup.fake.clock.advance(1_000)
    expect(setup.told).toEqual(['failed: ELECT_TIMEOUT'])
    const left = setup.driver.left()
    setup.fake.answerRead(13n, own())
    await settled()
    expect(setup.removes).toEqual(['jobs/1a'])
    setup.fake.answerTxn(14n, true)
    await left
  })
})

describe('a leader', () => {
  test('that resigns is told at once, and has left when its key is gone', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.driver.withdraw('resigned')
    expect(setup.told.slice(1)).toEqual(['ended: resigned'])
    let hasLeft = false
    const left = setup.driver.left().then(() => (hasLeft = true))
    await settled()
    expect(setup.removes).toEqual(['jobs/1a'])
    expect(hasLeft).toBe(false)
    setup.fake.answerTxn(13n, true)
    await left
    expect(setup.session.renewals[0]?.keys).toEqual([])
  })

  test('whose key cannot be removed says so to whoever waits, and goes on', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.driver.withdraw('resigned')
    await settled()
    const first = setup.outcome(setup.driver.left())
    setup.fake.cluster.call(txn).fail(...noSpace)
    expect(await first).toBe('ELECT_REFUSED')
    const second = setup.outcome(setup.driver.left())
    await setup.fake.clock.advance(50)
    setup.fake.answerTxn(13n, true)
    expect(await second).toBe('done')
  })

  test.each(['expired', 'revoked', 'closed'] as const)(
    'whose lease is lost (%s) leads no more, and asks for nothing',
    async (loss) => {
      const setup = new Setup()
      await setup.leads()
      const { txns } = setup.fake
      setup.session.leases[0]?.end(loss)
      expect(setup.told.slice(1)).toEqual([`ended: ${loss}`])
      expect(await setup.outcome(setup.driver.left())).toBe('done')
      await setup.fake.clock.advance(60_000)
      expect(setup.fake.txns).toBe(txns)
    },
  )

  test('whose key is removed from outside leads no more', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.removed(own(), 13n)
    expect(setup.told.slice(1)).toEqual(['ended: deleted'])
  })

  test('that may no longer see the election leaves it', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.refuseWatch()
    expect(setup.told.slice(1)).toEqual(['ended: refused'])
    await settled()
    expect(setup.removes).toEqual(['jobs/1a'])
  })

  test('proclaims, and no other candidate does', async () => {
    const setup = new Setup()
    expect(await setup.driver.proclaim('web-2', undefined)).toBe(false)
    await setup.leads()
    const proclaimed = setup.driver.proclaim('web-2', undefined)
    await settled()
    setup.fake.answerTxn(13n, true)
    expect(await proclaimed).toBe(true)
    setup.driver.withdraw('resigned')
    expect(await setup.driver.proclaim('web-3', undefined)).toBe(false)
  })
})

describe('a waiting candidate', () => {
  test('whose lease is lost joins again with another one, after a pause', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    await setup.fake.clock.advance(2_000)
    setup.session.leases[0]?.end('revoked')
    const { txns } = setup.fake
    await setup.fake.clock.advance(49)
    expect(setup.fake.txns).toBe(txns)
    await setup.fake.clock.advance(1)
    setup.fake.answerTxn(20n, true, kv('jobs/1b', 'web-1', 20n))
    await settled()
    expect(setup.told).toEqual(['elected jobs/1b 20 on 1b'])
  })

  test('whose key is removed joins again, each time after a longer pause', async () => {
    const setup = new Setup()
    await setup.fake.clock.advance(10_000)
    await setup.joins(12n, other, own())
    for (const [index, pauseMs] of [50, 100, 200].entries()) {
      const revision = 20n + 2n * BigInt(index)
      setup.removed(own(), revision)
      const { txns } = setup.fake
      await setup.fake.clock.advance(pauseMs - 1)
      expect(setup.fake.txns).toBe(txns)
      await setup.fake.clock.advance(1)
      expect(setup.fake.txns).toBe(txns + 1)
      setup.fake.answerTxn(revision + 1n, true, other, own(revision + 1n))
      await settled()
    }
    expect(setup.told).toEqual([])
  })

  test('pauses for the shortest time again after a candidacy that lasted for a second', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    setup.removed(own(), 20n)
    await setup.fake.clock.advance(50)
    setup.fake.answerTxn(21n, true, other, own(21n))
    await setup.fake.clock.advance(1_000)
    setup.removed(own(), 22n)
    const { txns } = setup.fake
    await setup.fake.clock.advance(50)
    expect(setup.fake.txns).toBe(txns + 1)
  })

  test('whose lease is lost in the turn in which it joined joins again with another one', async () => {
    const setup = new Setup()
    const { driver, fake, session } = setup
    // Sees the list with the key first, before the candidate is told that it joined.
    const subscription = subscribeToRoster(fake.api, 'jobs', {
      changed: () => {
        queueMicrotask(() => session.leases[0]?.end('revoked'))
      },
      failed: () => undefined,
    })
    await setup.joins(12n, other, own())
    subscription.release()
    expect(session.leases[0]?.loss).toBe('revoked')
    await fake.clock.advance(50)
    await settled()
    fake.answerTxn(20n, true, other, kv('jobs/1b', 'web-1', 20n))
    await settled()
    expect(driver.candidacy).toMatchObject({ term: 'jobs/1b', fencingToken: 20n })
    expect(setup.told).toEqual([])
  })

  test('whose session is closed is told so', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    setup.session.leases[0]?.end('closed')
    expect(setup.told).toEqual(['failed: ELECT_CLOSED'])
    await setup.fake.clock.advance(60_000)
    expect(setup.fake.txns).toBe(1)
  })

  test('is told once when the client is closed', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    await setup.fake.etcd.close()
    expect(setup.told).toEqual(['failed: ELECT_CLOSED'])
  })

  test('that may no longer see the election is told so, and leaves', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    setup.refuseWatch()
    expect(setup.told).toEqual(['failed: ELECT_AUTH'])
    await settled()
    expect(setup.removes).toEqual(['jobs/1a'])
  })

  test('that gives up is never elected, and removes its key', async () => {
    const setup = new Setup()
    await setup.joins(12n, other, own())
    setup.driver.withdraw('resigned')
    setup.removed(other, 13n)
    await settled()
    setup.fake.answerTxn(14n, true)
    expect(await setup.outcome(setup.driver.left())).toBe('done')
    expect(setup.told).toEqual([])
  })
})

describe('a campaign', () => {
  test('that is given up while it joins asks whether there is a key, and removes it', async () => {
    const setup = new Setup()
    setup.driver.campaign('web-1')
    await settled()
    setup.driver.withdraw('resigned')
    setup.fake.answerTxn(12n, true, own())
    await settled()
    expect(setup.told).toEqual([])
    setup.fake.answerRead(12n, own())
    await settled()
    expect(setup.removes).toEqual(['jobs/1a'])
    setup.fake.answerTxn(13n, true)
    expect(await setup.outcome(setup.driver.left())).toBe('done')
  })

  test('that follows a leave joins when the key is gone, and not with the old one', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.driver.withdraw('resigned')
    await settled()
    setup.driver.campaign('web-1')
    const { txns } = setup.fake
    setup.fake.answerTxn(13n, true)
    await settled()
    expect(setup.fake.txns).toBe(txns + 1)
    setup.fake.answerTxn(14n, true, own(14n))
    await settled()
    expect(setup.told.slice(2)).toEqual(['elected jobs/1a 14 on 1a'])
  })

  test('ends when the old key cannot be removed', async () => {
    const setup = new Setup()
    await setup.leads()
    setup.driver.withdraw('resigned')
    await settled()
    setup.driver.campaign('web-1')
    setup.fake.cluster.call(txn).fail(...noSpace)
    await settled()
    expect(setup.told.slice(2)).toEqual(['failed: ELECT_REFUSED'])
  })

  test('whose key is made late, after it was given up, has it removed', async () => {
    const setup = new Setup()
    setup.driver.campaign('web-1')
    await settled()
    setup.driver.withdraw('resigned')
    await settled()
    // There is no key yet.
    setup.fake.answerRead(12n)
    await setup.driver.left()
    // The candidate looks on.
    await settled()
    setup.fake.answerRead(12n)
    await settled()
    await settled()
    const { txns } = setup.fake
    setup.happened({ type: Type.PUT, kv: own(13n) })
    await settled()
    expect(setup.fake.txns).toBe(txns + 1)
    expect(setup.removes).toEqual(['jobs/1a'])
    expect(setup.told).toEqual([])
  })
})

test('a lease that expires while its key is being removed leaves that unknown', async () => {
  const setup = new Setup()
  await setup.leads()
  setup.driver.withdraw('resigned')
  const left = setup.driver.left()
  setup.session.leases[0]?.end('expired')
  await expect(left).rejects.toBeInstanceOf(TimeoutError)
})

describe('a candidate that had to ask twice, so that its key may be made again', () => {
  /** Leads, and resigns. The watch does not show yet that the key is gone. */
  async function resigned(): Promise<Setup> {
    const setup = new Setup({ callTimeoutMs: 2_500 })
    setup.driver.campaign('web-1')
    await setup.fake.clock.advance(1_500)
    setup.fake.answerTxn(12n, true, own())
    await settled()
    await settled()
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
    setup.driver.withdraw('resigned')
    await settled()
    setup.fake.answerTxn(13n, true)
    await setup.driver.left()
    await settled()
    return setup
  }

  test('does not take the key that it removed for another one', async () => {
    const setup = await resigned()
    const { txns } = setup.fake
    await settled()
    expect(setup.fake.txns).toBe(txns)
    setup.removed(own(), 13n)
    setup.happened({ type: Type.PUT, kv: own(14n) })
    await settled()
    expect(setup.fake.txns).toBe(txns + 1)
    expect(setup.removes).toEqual(['jobs/1a'])
  })

  test('looks on until its lease is over', async () => {
    const setup = await resigned()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(true)
    setup.session.leases[0]?.end('expired')
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(false)
  })
})

describe('the place in a session', () => {
  test('is that of one candidate, until it is released', async () => {
    const setup = new Setup()
    const next = setup.makeDriver()
    setup.driver.takePlace()
    await setup.leads()
    expect(() => {
      next.takePlace()
    }).toThrow(AlreadyACandidateError)
    setup.driver.withdraw('closed')
    setup.driver.release()
    expect(() => {
      next.takePlace()
    }).toThrow(AlreadyACandidateError)
    await settled()
    setup.fake.answerTxn(13n, true)
    await setup.driver.left()
    next.takePlace()
  })

  test('is yielded by an idle candidate', () => {
    const setup = new Setup()
    setup.driver.takePlace()
    setup.makeDriver().takePlace()
    expect(setup.driver.yieldPlace()).toBe(true)
  })
})

describe('an idle candidate', () => {
  test('watches nothing', async () => {
    const setup = new Setup()
    await setup.leads()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(true)
    setup.driver.withdraw('resigned')
    await settled()
    setup.fake.answerTxn(13n, true)
    await setup.driver.left()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(false)
  })

  test('watches who leads if it has a lock delay, from before its first campaign until it is released', async () => {
    const setup = new Setup({ withDelay: true })
    const prepared = setup.driver.prepare(undefined)
    setup.fake.answerRead(5n)
    await prepared
    await settled()
    expect(setup.fake.watches).toEqual(['jobs/ from 6'])
    setup.driver.release()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(false)
    await setup.driver.prepare(undefined)
    expect(setup.fake.reads).toBe(1)
  })

  test('with a lock delay watches on after it resigned, until it is released', async () => {
    const setup = new Setup({ withDelay: true })
    await setup.leads()
    setup.driver.withdraw('closed')
    await settled()
    setup.fake.answerTxn(13n, true)
    await setup.driver.left()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(true)
    setup.driver.release()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(false)
  })

  test('with a lock delay that is released while it leaves watches until it has left', async () => {
    const setup = new Setup({ withDelay: true })
    await setup.leads()
    setup.driver.withdraw('closed')
    setup.driver.release()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(true)
    setup.fake.answerTxn(13n, true)
    await setup.driver.left()
    await settled()
    expect(setup.fake.cluster.stream(watch).isOpen).toBe(false)
  })

  test('without a lock delay need not prepare', async () => {
    const setup = new Setup()
    await setup.driver.prepare(undefined)
    expect(setup.fake.cluster.calls(range)).toEqual([])
  })
})

describe('with a lock delay', () => {
  test('the first is elected when no former leader can believe that it leads', async () => {
    const setup = new Setup({ withDelay: true })
    const prepared = setup.driver.prepare(undefined)
    setup.fake.answerRead(5n)
    await prepared
    await setup.fake.clock.advance(5_000)
    await setup.leads()
    setup.happened({ type: Type.PUT, kv: own() })
    await setup.fake.clock.advance(349)
    expect(setup.told).toEqual([])
    await setup.fake.clock.advance(1)
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
  })

  test('a leader that resigns marks its leave for the next candidate', async () => {
    const setup = new Setup({ withDelay: true })
    const prepared = setup.driver.prepare(undefined)
    setup.fake.answerRead(5n)
    await prepared
    await setup.fake.clock.advance(6_000)
    await setup.leads()
    setup.happened({ type: Type.PUT, kv: own() })
    setup.happened({ type: Type.PUT, kv: kv('jobs/2', 'next', 13n) })
    expect(setup.told).toEqual(['elected jobs/1a 12 on 1a'])
    setup.driver.withdraw('resigned')
    await settled()
    const { success } = setup.fake.cluster.call(txn).request
    expect(success.map(({ request }) => request.case)).toEqual(['requestDeleteRange', 'requestPut'])
  })

  test('a leader whose client is closed ends with its lease, not because it sees no more', async () => {
    const setup = new Setup({ withDelay: true })
    const prepared = setup.driver.prepare(undefined)
    setup.fake.answerRead(5n)
    await prepared
    await setup.fake.clock.advance(6_000)
    await setup.leads()
    setup.happened({ type: Type.PUT, kv: own() })
    await setup.fake.etcd.close()
    expect(setup.told.slice(1)).toEqual(['ended: closed'])
  })

  test('no candidate of this process waits for a leader that knows of its end', async () => {
    const setup = new Setup({ withDelay: true })
    const prepared = setup.driver.prepare(undefined)
    setup.fake.answerRead(5n)
    await prepared
    await setup.fake.clock.advance(6_000)
    await setup.leads()
    setup.happened({ type: Type.PUT, kv: own() })
    setup.happened({ type: Type.PUT, kv: kv('jobs/2', 'next', 13n) })
    setup.removed(own(), 14n)
    expect(setup.told.slice(1)).toEqual(['ended: deleted'])
    const { api, clock } = setup.fake
    const listener = { changed: () => undefined, failed: () => undefined }
    const leaders = subscribeToRoster(api, 'jobs', listener).formerLeaders()
    expect(leaders.delayMs(13n, 5, 0.05, clock.monotonicMs())).toBe(0)
  })
})
