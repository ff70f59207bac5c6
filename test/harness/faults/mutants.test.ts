// Every mutant can still be made from the source as it is, and is not what it was before.

import { readFileSync, rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { bundle, scratch } from './bundle.js'
import { mutants } from './mutants.js'
import { faults } from './nemesis/all.js'

const dir = scratch()
afterAll(() => {
  rmSync(dir, { recursive: true })
})

/** Without what a source map says of the source as it was. */
function programIn(file: string): string {
  return readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*/, '')
}

test.each(mutants)('$name can be made', async (mutant) => {
  const whole = programIn(await bundle('elect', dir))
  const changed = programIn(await bundle('elect', dir, mutant))
  expect(changed).not.toBe(whole)
  expect(faults.map(({ name }) => name)).toEqual(expect.arrayContaining([...mutant.faults]))
})
