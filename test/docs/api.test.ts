// docs/api.md lists the options, events and fields of the package, and no others. It says of each
// option what the option table says: `npx vitest run test/docs/api.test.ts -u` updates it.

import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { figure } from '../../src/base/options/checks.js'
import type { AnyOptionTable } from '../../src/base/options/table.js'
import { optionTables } from '../support/option-tables.js'
import { read, root } from './pages.js'

const page = 'docs/api.md'
const entries = ['src/index.ts', 'src/devserver/index.ts', 'src/testing/index.ts'].map((file) =>
  join(root, file),
)

/** The fields of each exported interface and options type, and which of them are required. */
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

/** The first and the third cell of each row below this heading. */
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

const tables: Readonly<Record<string, AnyOptionTable>> = optionTables

test.each([...shapes].filter(([name]) => name.endsWith('Options') || name in tables))(
  'the option table of %s has what the type has, and requires what it requires',
  (name, { all, required }) => {
    const options = Object.entries(tables[name] ?? {})
    expect(options.map(([option]) => option).sort()).toEqual(all)
    const needed = options.filter(([, { isRequired }]) => isRequired === true)
    expect(needed.map(([option]) => option).sort()).toEqual(required)
  },
)

test('the page says of each option what its table says', async () => {
  const config = await resolveConfig(join(root, page))
  const written = Object.entries(tables).reduce(
    (text, [name, table]) => withTable(text, name, table),
    read(page),
  )
  const text = await format(written, { ...config, parser: 'markdown' })
  await expect(text).toMatchFileSnapshot(join(root, page))
})

/** Replaces the table below this heading. */
function withTable(text: string, name: string, table: AnyOptionTable): string {
  const rows = Object.entries(table).map(([option, row]) => {
    const { type, range } = row.check
    const meaning = [range, row.doc].filter((part) => part !== undefined).join('; ')
    return `| \`${option}\` | ${type} | ${defaultOf(row)} | ${meaning} |\n`
  })
  const head = '| option | type | default | range, meaning |\n| --- | --- | --- | --- |\n'
  const [before, section, after] = around(text, `## \`${name}\`\n`)
  return before + section.replace(/(^\|.*\n)+/m, () => head + rows.join('')) + after
}

function defaultOf(option: AnyOptionTable[string]): string {
  if (option.isRequired === true) return 'required'
  const { default: value, defaultDoc } = option
  if (defaultDoc !== undefined) return defaultDoc
  if (value === undefined) return 'none'
  if (typeof value === 'number') return figure(value)
  return typeof value === 'string' ? `\`'${value}'\`` : `\`${JSON.stringify(value)}\``
}

/** The text before a section, the section, and the text after it. */
function around(text: string, heading: string): readonly [string, string, string] {
  const from = text.indexOf(heading)
  if (from < 0) throw new Error(`expected '${heading.trim()}' in ${page}`)
  const next = text.indexOf('\n## ', from)
  const to = next < 0 ? text.length : next
  return [text.slice(0, from), text.slice(from, to), text.slice(to)]
}
