import { expect, test } from 'vitest'
import { encodeLine, type GuardianOrder, lineReader } from '../../../src/guardian/protocol.js'

const orders: GuardianOrder[] = [
  { do: 'hold', cluster: 0, lease: '9223372036854775807', ttlS: 5, after: 12 },
  { do: 'useToken', cluster: 1, token: 'a\nb' },
  { do: 'release', cluster: 0, lease: '1' },
]

test('messages are read as they were written, however the text is cut', () => {
  const text = orders.map(encodeLine).join('')
  for (let size = 1; size <= text.length; size++) {
    const read: unknown[] = []
    const take = lineReader((line) => read.push(JSON.parse(line)))
    for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size))
    expect(read).toEqual(orders)
  }
})

test('a message is not read before it is whole', () => {
  const lines: string[] = []
  const take = lineReader((line) => lines.push(line))
  take('{"do":')
  expect(lines).toEqual([])
  take('1}\n{')
  expect(lines).toEqual(['{"do":1}'])
})
