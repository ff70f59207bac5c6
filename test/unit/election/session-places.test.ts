import { expect, test } from 'vitest'
import { AlreadyACandidateError } from '../../../src/base/errors.js'
import { SessionPlaces } from '../../../src/election/session-places.js'
import type { Lease } from '../../../src/lease/lease.js'

function candidate(yields: boolean): { yieldPlace(): boolean; asked: number } {
  return {
    asked: 0,
    yieldPlace() {
      this.asked += 1
      return yields
    },
  }
}

/** A lease with the parts that places use. */
class FakeLease {
  loss: Lease['loss']

  get lease(): Lease {
    return this as unknown as Lease
  }
}

test('an election has one place, which its holder may take again', () => {
  const places = new SessionPlaces()
  const [holder, other] = [candidate(false), candidate(false)]
  places.take('jobs', holder)
  places.take('jobs', holder)
  expect(holder.asked).toBe(0)
  expect(() => {
    places.take('jobs', other)
  }).toThrow(AlreadyACandidateError)
  places.take('other', other)
})

test('an idle holder yields its place, and is then the other one', () => {
  const places = new SessionPlaces()
  const [idle, other] = [candidate(true), candidate(false)]
  places.take('jobs', idle)
  places.take('jobs', other)
  expect(() => {
    places.take('jobs', idle)
  }).toThrow("'jobs'")
})

test('only its holder frees a place', () => {
  const places = new SessionPlaces()
  const [idle, holder, next] = [candidate(true), candidate(false), candidate(false)]
  places.take('jobs', idle)
  places.take('jobs', holder)
  places.free('jobs', idle)
  expect(() => {
    places.take('jobs', next)
  }).toThrow(AlreadyACandidateError)
  places.free('jobs', holder)
  places.take('jobs', next)
})

test('a late join is expected in its election, on its lease, while the lease lives', () => {
  const places = new SessionPlaces()
  const [held, other] = [new FakeLease(), new FakeLease()]
  places.expectLateJoin(held.lease, 'jobs')
  expect(places.mayJoinLate(held.lease, 'jobs')).toBe(true)
  expect(places.mayJoinLate(held.lease, 'other')).toBe(false)
  expect(places.mayJoinLate(other.lease, 'jobs')).toBe(false)
  held.loss = 'expired'
  expect(places.mayJoinLate(held.lease, 'jobs')).toBe(false)
})
