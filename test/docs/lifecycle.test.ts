// The diagram of a candidate in docs/lifecycle.md shows all steps of the machine, and no others.

import { expect, test } from 'vitest'
import { type Input, initial, type State, step } from '../../src/election/machine.js'
import { fences } from './pages.js'

const candidacy = { election: 'e', term: 'e/1', fencingToken: 7n }
const error = new Error('no')

const states: readonly State[] = [
  initial,
  { at: 'joining', again: false },
  { at: 'joining', again: true },
  { at: 'waiting', candidacy },
  { at: 'leading', candidacy },
  { at: 'leaving', candidacy, then: 'idle' },
  { at: 'leaving', candidacy, then: 'joining' },
  { at: 'leaving', candidacy: undefined, then: 'idle' },
]

const inputs: readonly Input[] = [
  { is: 'campaign' },
  { is: 'joined', candidacy },
  { is: 'joinFailed', mayHaveJoined: false, error },
  { is: 'joinFailed', mayHaveJoined: true, error },
  { is: 'seen', view: { own: candidacy, first: 7n, leaseValid: true, delayed: false } },
  { is: 'seen', view: { own: candidacy, first: 7n, leaseValid: false, delayed: false } },
  { is: 'seen', view: { own: candidacy, first: 7n, leaseValid: true, delayed: true } },
  { is: 'seen', view: { own: candidacy, first: 3n, leaseValid: true, delayed: false } },
  { is: 'seen', view: { own: undefined, first: undefined, leaseValid: true, delayed: false } },
  { is: 'blinded', error },
  { is: 'leaseLost', loss: 'expired' },
  { is: 'leaseLost', loss: 'revoked' },
  { is: 'leaseLost', loss: 'closed' },
  { is: 'withdraw', end: 'resigned' },
  { is: 'left' },
  { is: 'leaveFailed', error },
]

test('the diagram of a candidate shows the steps of the machine', () => {
  const taken = new Set<string>()
  for (const state of states) {
    for (const input of inputs) {
      const [next] = step(state, input)
      if (next.at !== state.at) taken.add(`${state.at} --> ${next.at}: ${input.is}`)
    }
  }
  expect(drawn()).toEqual([...taken].sort())
})

/**
 * Reads the arrows. An arrow with several inputs counts as several; remarks in parentheses are left
 * out.
 */
function drawn(): string[] {
  const [diagram] = fences('docs/lifecycle.md').filter(({ language }) => language === 'mermaid')
  return (diagram?.code ?? '')
    .split('\n')
    .flatMap((line) => {
      const [, from, to, label] = /^ *(\w+) --> (\w+): (.*)$/.exec(line) ?? []
      const words = label?.replaceAll(/\([^)]*\)/g, '').split(',') ?? []
      return words.map((input) => `${String(from)} --> ${String(to)}: ${input.trim()}`)
    })
    .sort()
}
