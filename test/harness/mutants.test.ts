// Every mutant can be built from the present source, and no change uses a name that is not there.

import { readFileSync, rmSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, expect, test } from 'vitest'
import { bundle, scratch } from './bundle.js'
import { faults } from './faults/nemesis/all.js'
import { type Judge, type Mutant, mutants, mutantsOf } from './mutants.js'
import { mutated } from './mutation.js'
import { parsed, readTree } from './source-tree.js'
import { unknownNames } from './unknown-names.js'

const programs: Record<Judge, string> = { sim: 'sim/simulate', faults: 'faults/subjects/elect' }

const dir = scratch()
afterAll(() => {
  rmSync(dir, { recursive: true })
})

/** The program without its source map, which holds the original source. */
async function made(judge: Judge, mutant?: Mutant): Promise<string> {
  const program = readFileSync(await bundle(programs[judge], dir, mutant), 'utf8')
  return program.replace(/\n\/\/# sourceMappingURL=.*/, '')
}

test('each has a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
})

test.each(mutantsOf('sim'))('the simulation can be made with $name', async (mutant) => {
  expect(await made('sim', mutant)).not.toBe(await made('sim'))
})

test.each(mutantsOf('faults'))(
  'a subject of the fault harness can be made with $name',
  async (mutant) => {
    expect(await made('faults', mutant)).not.toBe(await made('faults'))
    const known = faults.map(({ name }) => name)
    expect(known).toEqual(expect.arrayContaining([...mutant.faults.faults]))
  },
)

test('neither comments nor formatting nor folders matter to any anchor', () => {
  const printer = ts.createPrinter({ removeComments: true })
  const moved = readTree('src').map((file) =>
    parsed(file.fileName.replaceAll('/', '-'), printer.printFile(file)),
  )
  for (const mutant of mutants) expect(mutated(moved, mutant).size).toBeGreaterThan(0)
})

test('no change uses a name that is not there', () => {
  const tree = readTree('src')
  const changed = mutants.flatMap((mutant) =>
    [...mutated(tree, mutant)].map(([path, text]): [string, string] => {
      return [path.replace(/\.ts$/, `.${mutant.name}.ts`), text]
    }),
  )
  expect(unknownNames(new Map(changed))).toEqual([])
  expect(unknownNames(new Map([['src/a.ts', 'nobody()']]))).toEqual([
    "src/a.ts: Cannot find name 'nobody'.",
  ])
})
