// A renewal worker whose thread cannot be started, as on a host without free threads or
// descriptors.

import { expect, test, vi } from 'vitest'
import { spawnWorker } from '../../../../src/lease/worker/spawn.js'

vi.mock('node:worker_threads', () => ({
  Worker: function () {
    throw new Error('no more threads')
  },
}))

test('counts as one that has ended', async () => {
  const reasons: string[] = []
  const thread = spawnWorker({
    report: () => undefined,
    ended: (reason) => reasons.push(reason),
  })
  thread.send({ do: 'forget', cluster: 0 })
  expect(reasons).toEqual([])
  await Promise.resolve()
  expect(reasons).toEqual(['Error: no more threads'])
})

test('is not reported once it was terminated', async () => {
  const ended = vi.fn()
  spawnWorker({ report: () => undefined, ended }).terminate()
  await Promise.resolve()
  expect(ended).not.toHaveBeenCalled()
})
