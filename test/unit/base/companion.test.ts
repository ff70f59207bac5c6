import { expect, test } from 'vitest'
import { ClosableListener } from '../../../src/base/companion.js'

function setUp() {
  const heard: string[] = []
  const listener = new ClosableListener<string>({
    report: (report) => heard.push(report),
    ended: (reason) => heard.push(`ended: ${reason}`),
  })
  return { heard, listener }
}

test('a companion’s end is passed on once, and no report after it', () => {
  const { heard, listener } = setUp()
  listener.report('ready')
  expect(listener.isClosed).toBe(false)
  listener.ended('it failed')
  listener.ended('it ended with 1')
  listener.report('late')
  expect(heard).toEqual(['ready', 'ended: it failed'])
  expect(listener.isClosed).toBe(true)
})

test('a companion that the supervisor ended is heard of no more', () => {
  const { heard, listener } = setUp()
  listener.close()
  listener.report('late')
  listener.ended('it was terminated')
  expect(heard).toEqual([])
})
