// docs/api.md has every option, event and field that the types of the package have, and no others.

import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { read, root } from './pages.js'

const page = 'docs/api.md'
const entries = ['src/index.ts', 'src/devserver/index.ts', 'src/testing/index.ts'].map((file) =>
  join(root, file),
)

/** Of each exported interface, and each type of options: its members, and which of them have to be given. */
function declared(): Map<string, { readonly all: string[]; readonly required: string[] }> {
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  })
  const checker = program.getTypeChecker()
  const exported = entries.flatMap((entry) => {
    const source = program.getSourceFile(entry)
    const module = source && checker.getSymbolAtLocation(source)
    return module === undefined ? [] : checker.getExportsOfModule(module)
  })
  const shapes = exported
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    )
    .filter(
      ({ flags, name }) =>
        flags & ts.SymbolFlags.Interface ||
        (flags & ts.SymbolFlags.TypeAlias && name.endsWith('Options')),
    )
  return new Map(
    shapes.map((symbol) => {
      const members = checker.getDeclaredTypeOfSymbol(symbol).getProperties()
      const required = members.filter(({ flags }) => !(flags & ts.SymbolFlags.Optional))
      return [symbol.name, { all: namesOf(members), required: namesOf(required) }]
    }),
  )
}

function namesOf(symbols: readonly ts.Symbol[]): string[] {
  return symbols.map(({ name }) => name).sort()
}

/** What stands below the heading of this name: the first cell of each row, and the third. */
function documented(name: string): { readonly name: string; readonly third: string }[] {
  const sections = read(page).split(/^## /m)
  const section = sections.find((text) => text.startsWith(`\`${name}\`\n`)) ?? ''
  return [...section.matchAll(/^\| `(\w+)` *\|[^|]*\| *([^|]*?) *\|/gm)].map(
    ([, first = '', third = '']) => ({ name: first, third }),
  )
}

const shapes = declared()

test('the types of the package are found', () => {
  expect([...shapes.keys()]).toEqual(
    expect.arrayContaining(['EtcdOptions', 'SessionEvents', 'DevServerOptions', 'TestLease']),
  )
  expect(shapes.get('CandidateOptions')?.all).toContain('guardian')
})

test.each([...shapes])('the page lists what %s has, and nothing else', (name, { all }) => {
  expect(
    documented(name)
      .map((row) => row.name)
      .sort(),
  ).toEqual(all)
})

test.each([...shapes].filter(([name]) => name.endsWith('Options')))(
  'the page says which options of %s are required',
  (name, { required }) => {
    const said = documented(name).filter(({ third }) => third === 'required')
    expect(said.map((row) => row.name).sort()).toEqual(required)
  },
)
