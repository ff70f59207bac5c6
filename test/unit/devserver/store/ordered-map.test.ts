import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allKeys } from '../../../../src/devserver/store/interval.js'
import { OrderedMap } from '../../../../src/devserver/store/ordered-map.js'

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\xff'), maxLength: 6 })

describe('OrderedMap', () => {
  test('is a Map with sorted entries, whatever is set and deleted', () => {
    const step = fc.record({ key, remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 3000 }), key, key, (steps, from, to) => {
        const map = new OrderedMap<number>()
        const model = new Map<string, number>()
        for (const [i, { key, remove }] of steps.entries()) {
          if (remove) {
            map.delete(key)
            model.delete(key)
          } else {
            map.set(key, i)
            model.set(key, i)
          }
        }
        const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        expect([...map.entries(allKeys)]).toEqual(sorted)
        const inside = sorted.filter(([key]) => key >= from && key < to)
        expect([...map.entries({ first: from, end: to })]).toEqual(inside)
        expect(map.count({ first: from, end: to })).toBe(inside.length)
        expect(map.get(from)).toBe(model.get(from))
      }),
      { numRuns: 60 },
    )
  })

  test('counts and finds across many chunks', () => {
    const map = new OrderedMap<number>()
    const name = (i: number) => `k${String(i).padStart(6, '0')}`
    for (let i = 0; i < 20_000; i++) map.set(name((i * 7919) % 20_000), i)
    expect(map.count(allKeys)).toBe(20_000)
    expect(map.count({ first: name(500), end: name(19_500) })).toBe(19_000)
    expect([...map.entries({ first: name(9_999), end: name(10_002) })].map(([key]) => key)).toEqual(
      [name(9_999), name(10_000), name(10_001)],
    )
    for (let i = 0; i < 20_000; i++) if (i % 1000 !== 0) map.delete(name(i))
    expect(map.count(allKeys)).toBe(20)
    for (let i = 0; i < 20_000; i += 1000) map.delete(name(i))
    expect(map.count(allKeys)).toBe(0)
    expect([...map.entries(allKeys)]).toEqual([])
  })
})
