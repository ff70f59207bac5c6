// Judges a round by its history. Pure; shares no code with the library.

import { type Entry, of } from '../history.js'
import { beliefsIn, overlapsOf } from './beliefs.js'
import { checkKeys, checkTellings, checkTokens } from './candidacies.js'
import { checkHealing, checkObservers, checkSizes } from './healing.js'
import { checkWrites } from './registers.js'
import type { Expectation, Report, Verdict, Violation } from './verdict.js'

export function judge(history: readonly Entry[], expected: Expectation): Verdict {
  const violations: Violation[] = []
  const report: Report = (rule, at, what) => {
    violations.push({ rule, at, what })
  }
  const beliefs = beliefsIn(history)
  const overlaps = overlapsOf(beliefs, history, expected)
  for (const { at, what, excused } of overlaps) {
    if (!excused) report('two leaders at once', at, what)
  }
  checkKeys(history, beliefs, expected.ttlMs, report)
  checkTokens(beliefs, report)
  const writes = checkWrites(history, report)
  checkTellings(history, expected, report)
  checkObservers(history, expected, report)
  const healings = checkHealing(history, beliefs, expected, report)
  checkSizes(history, expected, report)
  const terms = of(history, 'elected').length
  return { violations, overlaps, healings, terms, writes }
}
