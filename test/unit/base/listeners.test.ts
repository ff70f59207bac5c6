import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Listeners } from '../../../src/base/listeners.js'

interface Events {
  opened: { readonly id: number }
  lost: { readonly id: number }
}

/** Collects the warnings of this process while the test runs. */
function warnings(): string[] {
  const seen: string[] = []
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    seen.push(String(warning))
  })
  onTestFinished(() => {
    spy.mockRestore()
  })
  return seen
}

describe('listeners', () => {
  test('hear their own event, in the order in which they came', () => {
    const listeners = new Listeners<Events>()
    const heard: string[] = []
    listeners.add('opened', ({ id }) => heard.push(`first ${String(id)}`))
    listeners.add('opened', ({ id }) => heard.push(`second ${String(id)}`))
    listeners.add('lost', ({ id }) => heard.push(`lost ${String(id)}`))
    listeners.emit('opened', { id: 1 })
    expect(heard).toEqual(['first 1', 'second 1'])
  })

  test('hear nothing after they were taken off', () => {
    const listeners = new Listeners<Events>()
    const listener = vi.fn()
    listeners.add('opened', listener)()
    listeners.emit('opened', { id: 1 })
    expect(listener).not.toHaveBeenCalled()
  })

  test('may be the same function twice, each taken off by itself', () => {
    const listeners = new Listeners<Events>()
    const listener = vi.fn()
    const off = listeners.add('opened', listener)
    listeners.add('opened', listener)
    listeners.emit('opened', { id: 1 })
    expect(listener).toHaveBeenCalledTimes(2)
    off()
    off()
    listeners.emit('opened', { id: 2 })
    expect(listener).toHaveBeenCalledTimes(3)
  })

  test('that throw are reported, and the others still hear the event', () => {
    const seen = warnings()
    const listeners = new Listeners<Events>()
    const second = vi.fn()
    listeners.add('lost', () => {
      throw new Error('broken listener')
    })
    listeners.add('lost', second)
    listeners.emit('lost', { id: 1 })
    expect(second).toHaveBeenCalledWith({ id: 1 })
    expect(seen).toEqual(["a listener of 'lost' threw: Error: broken listener"])
  })

  test('that come or go during an event do not disturb it', () => {
    const listeners = new Listeners<Events>()
    const late = vi.fn()
    const second = vi.fn()
    listeners.add('opened', () => {
      off()
      listeners.add('opened', late)
    })
    const off = listeners.add('opened', second)
    listeners.emit('opened', { id: 1 })
    expect(second).toHaveBeenCalledOnce()
    expect(late).not.toHaveBeenCalled()
  })
})
