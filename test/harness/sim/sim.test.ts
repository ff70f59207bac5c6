// A short, fixed set of schedules, in which nothing is to be found; and the proof that something would be.
// `npm run test:sim` plays more.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutantsOf } from '../mutants.js'
import { load } from './load.js'

/** The first seed that catches each, as docs/simulation.md has it; `npm run test:sim -- --mutants` looks for them. */
const page = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8')
const caughtAt = new Map(
  [...page.matchAll(/^\| `(\S+)` .*\| (\d+) +\|$/gm)].map(([, name, seed]) => [name, Number(seed)]),
)

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

test.each(mutantsOf('sim'))('without $without, it finds something', async (mutant) => {
  const seed = caughtAt.get(mutant.name)
  if (seed === undefined) throw new Error(`at which seed is ${mutant.name} caught?`)
  const { simulate } = await load(mutant)
  expect((await simulate(seed)).violations).not.toEqual([])
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
