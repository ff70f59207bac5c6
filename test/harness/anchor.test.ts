// Anchors find places by names, whatever the file and the formatting. An anchor that does not find
// exactly one place says which mutant looked for what, and which step lost it.

import { expect, test } from 'vitest'
import { type Anchor, anywhere, inFunction } from './anchor.js'
import { mutated } from './mutation.js'
import { parsed, type SourceTree } from './source-tree.js'

function tree(files: Record<string, string>): SourceTree {
  return Object.entries(files).map(([path, text]) => parsed(path, text))
}

function found(at: Anchor, ...texts: string[]): string[] {
  return at
    .find(texts.map((text, index) => parsed(`${String(index)}.ts`, text)))
    .places.map((place) => place.getText())
}

function changed(files: Record<string, string>, at: Anchor, to: string): Record<string, string> {
  return Object.fromEntries(mutated(tree(files), { name: 'm', changes: [{ at, to }] }))
}

const lease = `
  export function leftMs(now: number): number {
    const [monotonic, wall] = clocks(now)
    return Math.max(0, Math.min(monotonic, wall))
  }
  export class Lease {
    readonly #look = () => this.isOver()
    constructor() { start(this) }
    get left(): number { return 1 }
    #end(loss: string): void
    #end(loss: string | undefined): void {
      if (loss === undefined && this.isOver()) return
      for (const listener of this.listeners) listener.sink.lost(loss, { loss, leftMs: leftMs(0) })
    }
  }`

const places: [string, Anchor, string][] = [
  ['a call', inFunction('leftMs').call('Math.min'), 'Math.min(monotonic, wall)'],
  ['a call by a part of its name', inFunction('leftMs').call('clocks'), 'clocks(now)'],
  ['an argument by its place', anywhere.call('min').argument(1), 'wall'],
  ['an argument by what it mentions', anywhere.call('min').argument('monotonic'), 'monotonic'],
  ['a method', inFunction('Lease.#end').call('isOver'), 'this.isOver()'],
  ['a field that holds a function', inFunction('Lease.#look').returned(), 'this.isOver()'],
  ['a constructor', inFunction('Lease.constructor').call('start').argument(0), 'this'],
  ['a getter', inFunction('Lease.left').returned(), '1'],
  ['a call of a field of a field', anywhere.call('sink.lost').argument(0), 'loss'],
  ['a condition', anywhere.condition('loss'), 'loss === undefined && this.isOver()'],
  ['an operand', anywhere.condition('loss').operand('isOver'), 'this.isOver()'],
  ['an operator', anywhere.condition('loss').operand('loss').operator(), '==='],
  ['a whole if', anywhere.ifStatement('isOver'), 'if (loss === undefined && this.isOver()) return'],
  ['the value of a property', anywhere.property('leftMs'), 'leftMs(0)'],
  ['a reference', inFunction('leftMs').reference('now'), 'now'],
  [
    'a returned value',
    inFunction('leftMs').returned('wall'),
    'Math.max(0, Math.min(monotonic, wall))',
  ],
]

test.each(places)('%s is found', (_, at, text) => {
  expect(found(at, lease)).toEqual([text])
})

test('what functions within return is not what a function returns', () => {
  const source =
    'function f() { const g = () => { return 1 }\n h(function () { return 2 })\n return 3 }'
  expect(found(inFunction('f').returned(), source)).toEqual(['3'])
  expect(found(inFunction('g').returned(), source)).toEqual(['1'])
})

test('a part of a name is not the name', () => {
  const source = 'function f() { if (unknown) g(); known.gg() }'
  expect(found(inFunction('f').condition('known'), source)).toEqual([])
  expect(found(inFunction('f').call('known.g'), source)).toEqual([])
})

test('names of parameters, properties and types are not references', () => {
  const source = 'function f(a: a, { a: b }: T) { return { a: c.a, b: { a } } }'
  expect(found(inFunction('f').reference('a'), source)).toEqual(['a'])
})

test('operands are those of all && and ||, in parentheses or not', () => {
  const source = 'function f() { return a && (b || !c) && d === e }'
  const operand = (mentions: string) => found(inFunction('f').returned().operand(mentions), source)
  expect(operand('b')).toEqual(['b'])
  expect(operand('c')).toEqual(['!c'])
  expect(operand('e')).toEqual(['d === e'])
})

test('neither formatting nor comments matter, nor in which file it is', () => {
  const at = inFunction('Lease.left').call('min').argument('wall')
  const one = 'export class Lease { left() { return Math.min(monotonic, wall) } }'
  const other = `class Lease {
    /** wall */
    left() {
      // min(
      return Math . min(
        monotonic, // wall
        wall,
      )
    }
  }`
  const unrelated = 'export const left = 1'
  expect(changed({ 'a.ts': one, 'b.ts': unrelated }, at, '0')).toEqual({
    'a.ts': one.replace('c, wall)', 'c, 0)'),
  })
  expect(changed({ 'a.ts': unrelated, 'c/d.ts': other }, at, '0')).toEqual({
    'c/d.ts': other.replace(' wall,', ' 0,'),
  })
})

test('a property in short stays one', () => {
  const source = 'function f(sentAt: number) { return { sentAt } }'
  const to = { 'a.ts': source.replace('{ sentAt }', '{ sentAt: now() }') }
  expect(changed({ 'a.ts': source }, inFunction('f').property('sentAt'), 'now()')).toEqual(to)
  expect(changed({ 'a.ts': source }, inFunction('f').reference('sentAt'), 'now()')).toEqual(to)
})

test('several changes are made, in one file and in others', () => {
  const files = { 'a.ts': 'function f() { g(1); h(2) }', 'b.ts': 'function i() { return 3 }' }
  const changes = [
    { at: inFunction('f').call('g').argument(0), to: 'one' },
    { at: inFunction('i').returned(), to: 'three' },
    { at: inFunction('f').call('h').argument(0), to: '' },
  ]
  expect(Object.fromEntries(mutated(tree(files), { name: 'm', changes }))).toEqual({
    'a.ts': 'function f() { g(one); h() }',
    'b.ts': 'function i() { return three }',
  })
})

test('no place is an error that says how far the anchor led', () => {
  const files = { 'a.ts': 'function f() { return g(1) }' }
  expect(() => changed(files, inFunction('f').call('g').argument('late'), '2')).toThrow(
    [
      'mutant m, change 1 of 1: expected one place, found 0',
      'looked for',
      '  function f: 1',
      '  call of g: 1',
      '  argument that mentions late: 0',
    ].join('\n'),
  )
})

test('two places are an error that says where they are', () => {
  const files = {
    'a.ts': 'function f() {\n  g(1)\n}',
    'b/c.ts': 'function f() {\n  return g(2)\n}',
  }
  expect(() => changed(files, inFunction('f').call('g'), '2')).toThrow(
    [
      'mutant m, change 1 of 1: expected one place, found 2',
      '  a.ts:2 g(1)',
      '  b/c.ts:2 g(2)',
      'looked for',
      '  function f: 2',
      '  call of g: 2',
    ].join('\n'),
  )
})

test('a change that changes nothing is an error', () => {
  const files = { 'a.ts': 'function f() { return true }' }
  expect(() => changed(files, inFunction('f').returned(), 'true')).toThrow(
    'a.ts:1 true does not change',
  )
})

test('two changes of one place are an error', () => {
  const changes = [
    { at: inFunction('f').returned(), to: '1' },
    { at: inFunction('f').call('g'), to: '2' },
  ]
  const source = tree({ 'a.ts': 'function f() { return h(g()) }' })
  expect(() => mutated(source, { name: 'm', changes })).toThrow(
    'mutant m, change 2 of 2: a.ts:1 g() changes twice',
  )
})
