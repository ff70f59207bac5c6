// docs/performance.md says what the data of the benchmark says. bench.long.test.ts runs the
// benchmark.

import { expect, test } from 'vitest'
import { filled, stale } from '../../bench/page.js'
import { ratio, summary } from '../../bench/stats.js'

test('docs/performance.md and its plots are what the data makes of them', async () => {
  expect(await stale()).toEqual([])
})

test('a page without a place for some of the figures, or with one for none, is refused', () => {
  const place = '<!-- figures: led -->\nold\n<!-- /figures -->'
  expect(filled(`a\n${place}\nb`, { led: 'new' })).toBe(
    'a\n<!-- figures: led -->\n\nnew\n\n<!-- /figures -->\nb',
  )
  expect(() => filled(place, {})).toThrow("no figures for 'led'")
  expect(() => filled(place, { led: 'new', idle: 'new' })).toThrow('no place for idle')
})

test('medians, percentiles and ratios are what they are called', () => {
  const values = [7, 1, 11, 2, 10, 3, 9, 4, 8, 5, 6]
  expect(summary(values)).toEqual({ median: 6, p10: 2, p25: 3.5, p75: 8.5, p90: 10 })
  expect(summary([1, 2])).toMatchObject({ median: 1.5, p10: 1.1, p90: 1.9 })
  const twice = ratio(
    values.map((value) => 2 * value),
    values,
  )
  expect(twice.value).toBe(2)
  expect(twice.low).toBeLessThan(2)
  expect(twice.high).toBeGreaterThan(2)
  // Equal values leave no doubt.
  expect(ratio([3, 3, 3], [2, 2])).toEqual({ value: 1.5, low: 1.5, high: 1.5 })
})
