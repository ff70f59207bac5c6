import { describe, expect, test } from 'vitest'
import { Deframer, frame } from '../../../../src/devserver/grpc/framing.js'
import { seededRandom } from '../../../../src/testing/seeded-random.js'

const messages = ['', 'a', 'bc', 'x'.repeat(70_000), ''].map((text) => Buffer.from(text))
const bytes = Buffer.concat(messages.map(frame))

function deframe(pieces: readonly Buffer[]): string[] {
  const deframer = new Deframer()
  const received = pieces.flatMap((piece) => [...deframer.push(piece)])
  expect(deframer.isInMessage).toBe(false)
  return received.map((message) => Buffer.from(message).toString())
}

describe('messages come out as they went in', () => {
  const expected = messages.map((message) => message.toString())

  test('when all of them arrive in one piece', () => {
    expect(deframe([bytes])).toEqual(expected)
  })

  test('when every byte arrives in its own piece', () => {
    expect(deframe(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected)
  })

  test.each([1, 2, 3, 4, 5])('however they are split (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + Math.floor(random() * (seed % 2 === 0 ? 20 : 30_000))
      pieces.push(bytes.subarray(at, end))
      at = end
    }
    expect(deframe(pieces)).toEqual(expected)
  })
})
