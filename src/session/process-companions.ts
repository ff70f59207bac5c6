// The state of the process: the one guardian and the one renewal worker that all its sessions
// share. Neither starts before a session needs it.

import { systemClock } from '../base/clock.js'
import { spawnGuardian } from '../guardian/spawn.js'
import { GuardianSupervisor } from '../guardian/supervisor.js'
import { spawnWorker } from '../lease/worker/spawn.js'
import { WorkerSupervisor } from '../lease/worker/supervisor.js'

let guardian: GuardianSupervisor | undefined
let worker: WorkerSupervisor | undefined

export function guardianOfThisProcess(): GuardianSupervisor {
  guardian ??= new GuardianSupervisor(spawnGuardian, systemClock, Math.random)
  return guardian
}

export function workerOfThisProcess(): WorkerSupervisor {
  worker ??= new WorkerSupervisor(spawnWorker, systemClock, Math.random)
  return worker
}
