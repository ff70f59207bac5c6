import { expect, test } from 'vitest'
import { HeldLease } from '../../../src/election/held-lease.js'
import type { Lease, LeaseListener } from '../../../src/lease/lease.js'

/** A lease that notes which keys depend on it. */
class FakeLease {
  loss: Lease['loss']
  readonly listeners = new Set<LeaseListener>()
  readonly keys: string[] = []

  get lease(): Lease {
    return this as unknown as Lease
  }

  listen(listener: LeaseListener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  dependOn(key: Uint8Array): () => void {
    const text = Buffer.from(key).toString()
    this.keys.push(text)
    return () => this.keys.splice(this.keys.indexOf(text), 1)
  }
}

const listener: LeaseListener = { renewed: () => undefined, lost: () => undefined }

test('the next lease takes the place of the one before, which is listened to no longer', () => {
  const held = new HeldLease(listener)
  const [first, second] = [new FakeLease(), new FakeLease()]
  held.hold(first.lease)
  held.dependOn('jobs/1')
  held.hold(first.lease)
  expect([...first.listeners]).toEqual([listener])
  expect(first.keys).toEqual(['jobs/1'])
  held.hold(second.lease)
  expect(first.listeners.size).toBe(0)
  expect(first.keys).toEqual([])
  expect([...second.listeners]).toEqual([listener])
  expect(held.lease).toBe(second.lease)
})

test('a key is depended on once, until that ends', () => {
  const held = new HeldLease(listener)
  const fake = new FakeLease()
  held.dependOn('jobs/1')
  held.hold(fake.lease)
  held.dependOn('jobs/1')
  held.dependOn('jobs/1')
  expect(fake.keys).toEqual(['jobs/1'])
  held.stopDepending()
  held.stopDepending()
  expect(fake.keys).toEqual([])
})

test('a lost lease is known, and is not alive', () => {
  const held = new HeldLease(listener)
  expect(held.alive).toBeUndefined()
  const fake = new FakeLease()
  held.hold(fake.lease)
  expect(held.alive).toBe(fake.lease)
  fake.loss = 'expired'
  held.letGo()
  expect(held.alive).toBeUndefined()
  expect(held.lease).toBe(fake.lease)
  expect(fake.listeners.size).toBe(0)
})
