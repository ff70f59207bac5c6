import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { waitOrAbort } from '../../../src/base/wait.js'

const reason = new Error('no longer interested')

describe('a wait that can be given up', () => {
  test('without a signal is the promise itself', () => {
    const promise = Promise.resolve(1)
    expect(waitOrAbort(promise, undefined)).toBe(promise)
  })

  test('gives what the promise gives', async () => {
    const { signal } = new AbortController()
    const failure = new Error('failed')
    await expect(waitOrAbort(Promise.resolve(1), signal)).resolves.toBe(1)
    await expect(waitOrAbort(Promise.reject(failure), signal)).rejects.toBe(failure)
  })

  test('rejects with the reason of its signal while the promise goes on', async () => {
    const controller = new AbortController()
    let resolve: (value: number) => void = () => undefined
    const promise = new Promise<number>((settle) => (resolve = settle))
    const wait = waitOrAbort(promise, controller.signal)
    controller.abort(reason)
    await expect(wait).rejects.toBe(reason)
    resolve(1)
    await expect(promise).resolves.toBe(1)
  })

  test('on a signal that is aborted already rejects, and the promise may fail unheard', async () => {
    const signal = AbortSignal.abort(reason)
    await expect(waitOrAbort(Promise.reject(new Error('late')), signal)).rejects.toBe(reason)
    await expect(waitOrAbort(Promise.resolve(1), signal)).rejects.toBe(reason)
  })

  test.each([
    ['resolves', () => Promise.resolve(1)],
    ['rejects', () => Promise.reject(new Error('failed'))],
  ])('leaves no listener on the signal when the promise %s', async (_how, make) => {
    const { signal } = new AbortController()
    await waitOrAbort<unknown>(make(), signal).catch(() => undefined)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
