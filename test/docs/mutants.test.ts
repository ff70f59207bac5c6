// The pages list the mutants as the code does.

import { expect, test } from 'vitest'
import { mutantsOf } from '../harness/mutants.js'
import { tableRows } from './pages.js'

/** The rows that begin with the name of a mutant, without the marks of code. */
function listed(page: string): string[][] {
  return tableRows(page)
    .filter(([first]) => /^`[a-z-]+`$/.test(first ?? ''))
    .map((row) => row.map((cell) => cell.replaceAll('`', '')))
}

test('docs/simulation.md lists those of the simulation, and how soon it must catch each', () => {
  const rows = listed('docs/simulation.md').map(([name, without, shows, , within]) => {
    return { name, without, shows, within }
  })
  const mutants = mutantsOf('sim').map(({ name, without, sim: { shows, within } }) => {
    return { name, without, shows, within: within.toLocaleString('en') }
  })
  expect(rows).toEqual(mutants)
})

test('docs/track-record.md lists those of the fault harness', () => {
  const rows = listed('docs/track-record.md').map((row) => row.slice(0, 3))
  const mutants = mutantsOf('faults').map(({ name, without, faults }) => {
    return [name, without, faults.shows]
  })
  expect(rows).toEqual(mutants)
})
