// A short, fixed set of schedules breaks no promise, and each mutant breaks one soon. `npm run
// test:sim` plays more schedules.

import { expect, test } from 'vitest'
import { freshSeed } from '../fresh-seed.js'
import { mutantsOf } from '../mutants.js'
import { hunt } from './hunt.js'
import { load } from './load.js'

/**
 * The most schedules that a mutant may take here. `npm run test:sim -- --mutants` plays the others
 * too.
 */
const maxSchedules = 500
const quick = mutantsOf('sim').filter(({ sim }) => sim.within <= maxSchedules)

test('no schedule of a fixed set breaks a promise', async () => {
  const { simulate } = await load()
  let terms = 0
  let faults = 0
  for (let seed = 1; seed <= 40; seed++) {
    const result = await simulate(seed)
    terms += result.terms
    faults += result.faults
    const story = `seed ${String(seed)}\n${result.trace.slice(-40).join('\n')}`
    expect(result.violations, story).toEqual([])
  }
  expect(terms).toBeGreaterThan(100)
  expect(faults).toBeGreaterThan(400)
})

test('the same seed is the same schedule to the last message', async () => {
  const { simulate } = await load()
  const [one, two] = [await simulate(7), await simulate(7)]
  expect(one.trace.length).toBeGreaterThan(50)
  expect(two.trace).toEqual(one.trace)
})

test('most mutants are quick', () => {
  expect(quick.length).toBeGreaterThanOrEqual(10)
})

// The count of schedules decides, however slow the machine is.
const patient = { timeout: 900_000 }

test.each(quick)('without $without, it finds something soon', patient, async (mutant) => {
  const seed = freshSeed()
  const taken = await hunt(mutant, seed)
  const options = `--mutant ${mutant.name} --seed ${String(seed)} --count ${String(mutant.sim.within)}`
  expect(taken, `it survives npm run test:sim -- ${options}`).toBeDefined()
})

test('clocks that are slower than clockDrift allows break the promise, so the bound is needed', async () => {
  const { simulate } = await load()
  const broken = new Set<string>()
  for (let seed = 1; seed <= 20 && !broken.has('two leaders at once'); seed++) {
    const { violations } = await simulate(seed, { slowerBy: 0.15, lockDelay: false })
    for (const { rule } of violations) broken.add(rule)
  }
  expect([...broken]).toContain('two leaders at once')
})
