// A mutation replaces pieces of the library's source. It fails loudly when a place is not there, or
// is there several times.

import ts from 'typescript'
import type { Anchor } from './anchor.js'
import type { SourceTree } from './source-tree.js'

export interface Change {
  /** Exactly one place in all of the source. */
  readonly at: Anchor
  /** The text that replaces it. */
  readonly to: string
}

export interface Mutation {
  readonly name: string
  readonly changes: readonly Change[]
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Returns the new texts of the files that change, by path. */
export function mutated(tree: SourceTree, { name, changes }: Mutation): Map<string, string> {
  const edits = new Map<ts.SourceFile, Edit[]>()
  for (const [index, change] of changes.entries()) {
    const which = `mutant ${name}, change ${String(index + 1)} of ${String(changes.length)}`
    const place = onlyPlace(tree, change.at, which)
    const file = place.getSourceFile()
    const edit = { start: place.getStart(), end: place.getEnd(), text: written(place, change.to) }
    if (edit.text === place.getText())
      throw new Error(`${which}: ${whereIs(place)} does not change`)
    const others = edits.get(file) ?? []
    if (others.some(({ start, end }) => start < edit.end && edit.start < end)) {
      throw new Error(`${which}: ${whereIs(place)} changes twice`)
    }
    edits.set(file, [...others, edit])
  }
  return new Map([...edits].map(([file, of]) => [file.fileName, edited(file.text, of)]))
}

function onlyPlace(tree: SourceTree, anchor: Anchor, which: string): ts.Node {
  const { places, counts } = anchor.find(tree)
  const [place] = places
  if (place !== undefined && places.length === 1) return place
  const steps = counts.map(({ says, found }) => `\n  ${says}: ${String(found)}`)
  const found = places.map((each) => `\n  ${whereIs(each)}`)
  const wrong = `${which}: expected one place, found ${String(places.length)}`
  throw new Error(`${wrong}${found.join('')}\nlooked for${steps.join('')}`)
}

/** A change turns `{ a }` into `{ a: b }`. */
function written(place: ts.Node, to: string): string {
  return ts.isShorthandPropertyAssignment(place) ? `${place.name.text}: ${to}` : to
}

function whereIs(place: ts.Node): string {
  const file = place.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(place.getStart())
  const [first = ''] = place.getText().split('\n')
  return `${file.fileName}:${String(line + 1)} ${first}`
}

function edited(text: string, edits: readonly Edit[]): string {
  const fromLast = edits.toSorted((a, b) => b.start - a.start)
  return fromLast.reduce(
    (rest, { start, end, text: to }) => rest.slice(0, start) + to + rest.slice(end),
    text,
  )
}
