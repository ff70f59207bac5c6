import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { InvalidArgumentError } from '../../src/base/errors.js'
import { type ShutdownSignal, shutdownSignal } from '../../src/shutdown.js'

// SIGUSR2 and SIGWINCH stand in for the signals that would end the test runner. test/cli and
// test/harness/failover send the real ones.
const names: NodeJS.Signals[] = ['SIGUSR2', 'SIGWINCH']

const made: ShutdownSignal[] = []
const make = (): ShutdownSignal => {
  const signal = shutdownSignal(names)
  made.push(signal)
  return signal
}
const listeners = (): number[] => names.map((name) => process.listenerCount(name))

afterEach(() => {
  for (const signal of made.splice(0)) signal[Symbol.dispose]()
})

describe('the signal of a shutdown', () => {
  test.each(names)('is aborted by %s, with a reason that names it', (name) => {
    const signal = make()
    expect(signal.aborted).toBe(false)
    process.emit(name, name)
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ name: 'AbortError' })
    expect(String(signal.reason)).toContain(name)
  })

  test('may be handed to any number of elections without a warning', async () => {
    const warnings: string[] = []
    const listener = ({ name }: Error): number => warnings.push(name)
    process.on('warning', listener)
    const signal = make()
    for (let election = 0; election < 100; election++) {
      signal.addEventListener('abort', () => election)
    }
    await setImmediate()
    process.off('warning', listener)
    expect(warnings).toEqual([])
  })

  test('leaves the second one to the process', () => {
    const before = listeners()
    make()
    expect(listeners()).toEqual(before.map((count) => count + 1))
    process.emit('SIGUSR2', 'SIGUSR2')
    expect(listeners()).toEqual(before)
  })

  test('takes its listeners off when it is disposed of, and is not aborted by that', () => {
    const before = listeners()
    const signal = make()
    signal[Symbol.dispose]()
    expect(listeners()).toEqual(before)
    expect(signal.aborted).toBe(false)
  })

  test('may be there several times', () => {
    const [a, b] = [make(), make()]
    process.emit('SIGUSR2', 'SIGUSR2')
    expect([a.aborted, b.aborted]).toEqual([true, true])
  })

  test('hears SIGTERM and SIGINT unless told otherwise', () => {
    const both = (): number[] =>
      (['SIGTERM', 'SIGINT'] as const).map((name) => process.listenerCount(name))
    const before = both()
    const signal = shutdownSignal()
    expect(both()).toEqual(before.map((count) => count + 1))
    signal[Symbol.dispose]()
    expect(both()).toEqual(before)
  })

  test.each([[[]], ['SIGTERM'], [['SIGNOTHING']], [['SIGKILL']], [['SIGUSR2', 'SIGKILL']]])(
    'refuses %j, and listens to nothing then',
    (given) => {
      const before = listeners()
      const make = (): unknown => shutdownSignal(given as NodeJS.Signals[])
      expect(make).toThrow(InvalidArgumentError)
      expect(listeners()).toEqual(before)
    },
  )
})
