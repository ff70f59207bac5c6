// A guardian that cannot even be started, as when the system has no processes left.

import { expect, test, vi } from 'vitest'
import { spawnGuardian } from '../../../src/guardian/spawn.js'

vi.mock('node:child_process', () => ({
  spawn: () => {
    throw new Error('no more processes')
  },
}))

test('counts as one that has ended', async () => {
  const reasons: string[] = []
  const guardian = spawnGuardian({
    report: () => undefined,
    ended: (reason) => reasons.push(reason),
  })
  expect(guardian.pid).toBe(undefined)
  guardian.send({ do: 'forget', cluster: 0 })
  expect(reasons).toEqual([])
  await Promise.resolve()
  expect(reasons).toEqual(['Error: no more processes'])
})

test('is not reported once it was stopped', async () => {
  const ended = vi.fn()
  spawnGuardian({ report: () => undefined, ended }).stop()
  await Promise.resolve()
  expect(ended).not.toHaveBeenCalled()
})
