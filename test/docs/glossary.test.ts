// docs/glossary.md lists its words in order, each once, with one sentence each.

import { expect, test } from 'vitest'
import { read } from './pages.js'

const [spine = ''] = read('docs/glossary.md').split('\n## ')
const [, , ...rows] = spine.split('\n').filter((line) => line.startsWith('|'))
const words = rows.map((row) => row.split('|').map((cell) => cell.trim()))

const plain = (word: string): string =>
  word
    .toLowerCase()
    .replaceAll('-', ' ')
    .replaceAll(/[^a-z0-9 ]/g, '')

test('the words are in alphabetical order, each once', () => {
  const listed = words.map(([, word = '']) => plain(word))
  expect(listed.length).toBeGreaterThan(100)
  expect(listed).toEqual([...new Set(listed)].sort())
})

test('each word has one sentence, and says which words are not used for it', () => {
  const isSentence = (text: string): boolean => /^[^.]*(\.ts\b[^.]*)*\.$/.test(text)
  expect(words.filter(([, , meaning = '']) => !isSentence(meaning))).toEqual([])
  expect(words.filter(([, , , not = '']) => not === '')).toEqual([])
})
