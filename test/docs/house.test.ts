// Each house check finds what it is meant for, and nothing else.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { floorOf, whyNot } from '../../scripts/house/floors.mjs'
import {
  circles,
  declaredNames,
  importsOf,
  overlongComments,
  privateWordsIn,
} from '../../scripts/house/source.mjs'
import { root } from './pages.js'

const source = (text: string, file = 'src/a/b.ts') => ({ file, text })

describe('circles of imports', () => {
  test('are found through imports, exports and dynamic imports', () => {
    const files = [
      source("import { b } from './b.js'", 'src/a.ts'),
      source("export { c } from './deep/c.js'", 'src/b.ts'),
      source("const a = () => import('../a.js')", 'src/deep/c.ts'),
      source("import { a } from './a.js'", 'src/outside.ts'),
    ]
    expect(circles(files.map(importsOf))).toEqual([
      ['src/a.ts', 'src/b.ts', 'src/deep/c.ts', 'src/a.ts'],
    ])
  })

  test('are none where two ways lead to the same file', () => {
    const files = [
      source("import './b.js'\nimport './c.js'", 'src/a.ts'),
      source("import './d.js'", 'src/b.ts'),
      source("import './d.js'", 'src/c.ts'),
      source("import 'node:fs'", 'src/d.ts'),
    ]
    expect(circles(files.map(importsOf))).toEqual([])
  })
})

test('the names of a file are those that it exports of its own', () => {
  const text = `
    export class A {}
    export const b = 1, c = 2
    export type D = string
    export interface E {}
    export function f() {}
    export { g } from './g.js'
    class Hidden {}
  `
  expect(declaredNames(source(text))).toEqual(['A', 'b', 'c', 'D', 'E', 'f'])
})

describe('private words', () => {
  test.each([
    ['as part of a name', 'const firstContender = 1', 'contender'],
    ['as a private name', 'class A { #departed = 1 }', 'departed'],
    ['as a class', 'class Following {}', 'Following'],
    ['in a comment', '// asks its contenders', 'contenders'],
    ['in a doc comment', '/**\n * The tenure.\n */\nconst a = 1', 'tenure'],
  ])('are found %s', (_where, text, word) => {
    expect(privateWordsIn(source(text))).toEqual([expect.objectContaining({ word })])
  })

  test.each([
    ['another word that holds one', 'const fateful = navigate(1)'],
    ['a text', "const text = 'the departed contender'"],
    ['an ordinary word in a comment', '// out of reach, following the leader'],
  ])('are not found in %s', (_where, text) => {
    expect(privateWordsIn(source(text))).toEqual([])
  })
})

describe('comment lines', () => {
  const long = 'x'.repeat(101)

  test('over the limit are found, with what stands before them', () => {
    expect(overlongComments(source(`const a = 1\n// ${long}`), 100)).toEqual([2])
    expect(overlongComments(source(`/**\n * a\n * ${long}\n */`), 100)).toEqual([3])
    expect(overlongComments(source(`${' '.repeat(90)}// 123456789`), 100)).toEqual([1])
  })

  test('are comments, and may hold an address', () => {
    expect(overlongComments(source(`const a = '${long}'`), 100)).toEqual([])
    expect(overlongComments(source(`const a = \`// ${long}\``), 100)).toEqual([])
    expect(overlongComments(source(`const a = /\\/\\/ ${long}/`), 100)).toEqual([])
    expect(overlongComments(source(`// https://example.org/${long}`), 100)).toEqual([])
  })
})

describe('floors', () => {
  test.each([
    ['src/observer.ts', 'observer'],
    ['src/etcd/api.ts', 'etcd'],
    ['src/etcd/wire/transport.ts', 'etcd/wire'],
    ['src/cli/library.ts', 'cli/library'],
    ['src/cli/run/service.ts', 'cli'],
    ['test/unit/a.ts', undefined],
  ])('%s stands on %s', (file, floor) => {
    expect(floorOf(file)).toBe(floor)
  })

  test.each([
    ['src/lease/lease.ts', '../election/keys.js'],
    ['src/base/clock.ts', '../etcd/api.js'],
    ['src/etcd/wire/transport.ts', '../cluster/calls.js'],
    ['src/cli/run/service.ts', '../../candidate/candidate.js'],
    ['src/devserver/rpc.ts', '../election/keys.js'],
    ['src/guardian/program/guardian.ts', '../supervisor.js'],
    ['src/guardian/program/guardian.ts', '@grpc/grpc-js'],
    ['src/penthouse/view.ts', '../base/clock.js'],
  ])('%s may not import %s', (file, specifier) => {
    expect(whyNot(file, specifier)).toEqual(expect.any(String))
  })

  test.each([
    ['src/election/driver.ts', '../lease/lease.js'],
    ['src/election/driver.ts', './machine.js'],
    ['src/cli/run/service.ts', '../library.js'],
    ['src/guardian/program/guardian.ts', '../protocol.js'],
    ['src/guardian/program/guardian.ts', 'node:http2'],
    ['test/unit/a.ts', '../../src/lease/lease.js'],
  ])('%s may import %s', (file, specifier) => {
    expect(whyNot(file, specifier)).toBeUndefined()
  })
})

test('programs of the tests that no compiler sees import files that are there', () => {
  const programs = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => `test/${file}`)
  expect(programs.length).toBeGreaterThan(0)
  const missing = programs.flatMap((file) =>
    importsOf(source(readFileSync(join(root, file), 'utf8'), file))
      // Built from src.
      .imports.map((target) => target.replace(/^dist\//, 'src/'))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${file}: ${target}`),
  )
  expect(missing).toEqual([])
})
