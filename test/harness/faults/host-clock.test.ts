// The clock that libfaketime cannot fake agrees with the clock that the other processes of a
// history use.

import { expect, test } from 'vitest'
import { measureUptimeOffset, momentByUptime, now } from './host-clock.js'

test('the time by the kernel’s uptime is the time by the monotonic clock, within what it says', () => {
  const offset = measureUptimeOffset()
  expect(offset.maxMs).toBeGreaterThanOrEqual(offset.minMs)
  const moment = momentByUptime(offset)
  for (let look = 0; look < 1_000; look++) {
    const before = now()
    const { notBefore, notAfter } = moment()
    const after = now()
    expect(notBefore).toBeLessThanOrEqual(after)
    expect(notAfter).toBeGreaterThanOrEqual(before)
  }
})
