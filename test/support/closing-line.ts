// The last word of a test run: what was skipped and why, and how many passed, failed and were skipped.
// A skipped suite or test carries its reason in its name.

import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const reasons = new Set<string>()
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

/** The outermost skipped suite, or the test itself. */
function reasonOf(test: { name: string; parent: unknown }): string {
  let reason = test.name
  let parent = test.parent as Partial<Suite>
  while (parent.type === 'suite') {
    if (parent.options?.mode === 'skip') reason = parent.name ?? reason
    parent = parent.parent as Partial<Suite>
  }
  return reason
}

interface Suite {
  type: string
  name: string
  parent: unknown
  options: { mode?: string }
}
