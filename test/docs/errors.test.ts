// docs/errors.md says what the code says about every error, every end of a term and every warning.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as library from '../../src/index.js'
import { read, root, tableRows } from './pages.js'

const page = 'docs/errors.md'
const rows = tableRows(page).map((cells) => cells.map((cell) => cell.replaceAll('`', '')))

/** One error of each class. */
function specimens(): library.ElectError[] {
  const { InvalidArgumentError, RefusedError } = library
  const simple = [
    library.NotLeaderError,
    library.NoLeaderError,
    library.LeadershipLostError,
    library.CampaignPendingError,
    library.AlreadyACandidateError,
    library.SessionLostError,
    library.ClosedError,
    library.TimeoutError,
    library.UnavailableError,
    library.AuthError,
  ].map((Kind) => new Kind('said'))
  return [
    ...simple,
    new RefusedError('said', { retryable: true }),
    new InvalidArgumentError('ttl', 'expected 5', 4),
  ]
}

test('the page lists the codes, their classes and whether they are retryable, as they are', () => {
  const documented = rows
    .filter(([code]) => code?.startsWith('ELECT_') === true)
    .filter((row) => row.length === 5)
    .map(([code, kind, retryable]) => ({ code, kind, retryable }))
  const actual = specimens().map((error) => ({
    code: error.code,
    kind: error.name,
    retryable: error.code === 'ELECT_REFUSED' ? 'it says' : error.retryable ? 'yes' : 'no',
  }))
  expect(documented).toEqual(actual)
  expect(documented.map(({ code }) => code)).toEqual(library.errorCodes)
})

test('the page lists the ways in which a term ends', () => {
  const machine = readFileSync(join(root, 'src/election/machine.ts'), 'utf8')
  const union = /export type LeadershipEnd =([^\n]*(?:\n {2}\|[^\n]*)*)/.exec(machine)?.[1] ?? ''
  const ends = [...union.matchAll(/'(\w+)'/g)].map(([, end]) => end)
  expect(ends.length).toBeGreaterThan(4)
  const documented = rows.filter((row) => row.length === 2).map(([name]) => name)
  expect(documented.filter((name) => name?.startsWith('ELECT_') === false)).toEqual(ends)
})

test('the page lists the warnings', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const emitted = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
    .flatMap((source) => [...source.matchAll(/\bcode: '(ELECT_\w+)'/g)].map(([, code]) => code))
  expect(emitted.length).toBeGreaterThan(0)
  const text = read(page).split('## Warnings')[1] ?? ''
  expect([...text.matchAll(/^\| `(ELECT_\w+)`/gm)].map(([, code]) => code)).toEqual(emitted.sort())
})
