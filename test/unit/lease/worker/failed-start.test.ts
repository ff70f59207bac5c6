// A worker thread that cannot even be made, as when the system has no threads or descriptors left.

import { expect, test, vi } from 'vitest'
import { startWorker } from '../../../../src/lease/worker/spawn.js'

vi.mock('node:worker_threads', () => ({
  Worker: function () {
    throw new Error('no more threads')
  },
}))

test('counts as one that is gone', async () => {
  const gone: string[] = []
  const listener = {
    up: () => undefined,
    news: () => undefined,
    gone: (reason: string) => {
      gone.push(reason)
    },
  }
  const thread = startWorker(listener)
  thread.tell({ do: 'forget', cluster: 0 })
  expect(gone).toEqual([])
  await Promise.resolve()
  expect(gone).toEqual(['Error: no more threads'])
})

test('is not told of by one that was terminated', async () => {
  const gone = vi.fn()
  startWorker({ up: () => undefined, news: () => undefined, gone }).terminate()
  await Promise.resolve()
  expect(gone).not.toHaveBeenCalled()
})
