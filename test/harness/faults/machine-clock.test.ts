// The clock that no library can fake agrees with the one that everybody else in a history uses.

import { expect, test } from 'vitest'
import { measureUptimeOffset, momentByUptime, now } from './machine-clock.js'

test('the time by the kernel’s uptime is the time by the monotonic clock, within what it says', () => {
  const offset = measureUptimeOffset()
  expect(offset.mostMs).toBeGreaterThanOrEqual(offset.leastMs)
  const moment = momentByUptime(offset)
  for (let look = 0; look < 1_000; look++) {
    const before = now()
    const { notBefore, notAfter } = moment()
    const after = now()
    expect(notBefore).toBeLessThanOrEqual(after)
    expect(notAfter).toBeGreaterThanOrEqual(before)
  }
})
