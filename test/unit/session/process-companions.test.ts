import { expect, test } from 'vitest'
import { GuardianSupervisor } from '../../../src/guardian/supervisor.js'
import { WorkerSupervisor } from '../../../src/lease/worker/supervisor.js'
import {
  guardianOfThisProcess,
  workerOfThisProcess,
} from '../../../src/session/process-companions.js'

test('all sessions of a process share one guardian and one worker', () => {
  expect(guardianOfThisProcess()).toBeInstanceOf(GuardianSupervisor)
  expect(guardianOfThisProcess()).toBe(guardianOfThisProcess())
  expect(workerOfThisProcess()).toBeInstanceOf(WorkerSupervisor)
  expect(workerOfThisProcess()).toBe(workerOfThisProcess())
})
