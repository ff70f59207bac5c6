// Ends a test run with a line that counts passed, failed and skipped tests, after the reasons for
// skipping: the name of the suite or test, or the note given to `skip()`.

import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node'

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const reasons = new Set<string>()
    // Failures outside of tests: files that do not load, hooks that throw, unhandled rejections.
    let broken = errors.length
    for (const module of modules) {
      broken += module.errors().length
      for (const suite of module.children.allSuites()) broken += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        count[state] += 1
        if (state === 'skipped') reasons.add(`${module.relativeModuleId}: ${reasonOf(test)}`)
      }
    }
    for (const reason of reasons) console.log(`skipped: ${reason}`)
    const failed = count.failed + count.pending + broken
    const line = `${String(count.passed)} passed, ${String(failed)} failed, ${String(count.skipped)} skipped`
    const file = process.env['CLOSING_LINE_FILE']
    if (file === undefined) console.log(line)
    else writeFileSync(file, line)
  }
}

/** Returns the same reason for all tests of a skipped suite. */
function reasonOf(test: TestCase): string {
  const result = test.result()
  if (result.state === 'skipped' && result.note !== undefined) {
    return `${test.fullName}: ${result.note}`
  }
  let reason = test.fullName
  let parent: TestSuite | TestModule = test.parent
  while (parent.type === 'suite') {
    if (parent.options.mode === 'skip') reason = parent.fullName
    parent = parent.parent
  }
  return reason
}
