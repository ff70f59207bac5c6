import { describe, expect, test } from 'vitest'
import {
  contains,
  unionContains,
  intervalOf,
  isEmpty,
  onlyKey,
  soleKey,
  solePrefix,
  keyText,
  keyBytes,
  withPrefix,
} from '../../../../src/devserver/store/interval.js'

const of = (key: string, rangeEnd = '') =>
  intervalOf({ key: keyBytes(key), rangeEnd: keyBytes(rangeEnd) })

describe('an interval of keys', () => {
  test('keeps any bytes, and their order', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(keyBytes(keyText(all))).toEqual(all)
    expect(keyText(Uint8Array.of(0x7f)) < keyText(Uint8Array.of(0x80))).toBe(true)
  })

  test('without an end contains one key; with an end of one zero byte, all keys from the first on', () => {
    expect(contains(of('a'), 'a')).toBe(true)
    expect(contains(of('a'), 'a\0')).toBe(false)
    expect(contains(of('a', '\0'), '\xff\xff')).toBe(true)
    expect(contains(of('b', '\0'), 'a')).toBe(false)
    expect(contains(of('a', 'c'), 'bzz')).toBe(true)
    expect(contains(of('a', 'c'), 'c')).toBe(false)
  })

  test('that ends where it begins, or before, is empty', () => {
    expect([of('b', 'a'), of('b', 'b'), of('b', 'c'), of('b', '\0')].map(isEmpty)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('is recognized as a single key or a prefix', () => {
    expect(soleKey(of('a'))).toBe('a')
    expect(soleKey(of('a', 'b'))).toBeUndefined()
    expect(solePrefix(of('a/', 'a0'))).toBe('a/')
    expect(solePrefix(of('a/', 'a1'))).toBeUndefined()
    expect(solePrefix(of('a', '\0'))).toBeUndefined()
    expect(withPrefix('a\xff')).toEqual({ first: 'a\xff', end: 'b' })
    expect(withPrefix('\xff')).toEqual({ first: '\xff', end: undefined })
  })

  test('is covered by intervals that together contain all of it', () => {
    const intervals = [of('a', 'c'), of('c', 'f'), onlyKey('x'), of('z', '\0')]
    expect(unionContains(intervals, of('b', 'e'))).toBe(true)
    expect(unionContains(intervals, of('b', 'g'))).toBe(false)
    expect(unionContains(intervals, of('x'))).toBe(true)
    expect(unionContains(intervals, of('x', 'y'))).toBe(false)
    expect(unionContains(intervals, of('zz', '\0'))).toBe(true)
    expect(unionContains(intervals, of('y', '\0'))).toBe(false)
    expect(unionContains([], of('a'))).toBe(false)
  })
})
