// From SIGKILL of the leader's process to the election of the next leader, in another process.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { now } from './proc.js'
import { Service } from './service-process.js'
import type { Task } from './task.js'

/** After this time etcd serves a watch that was opened to join the queue like any other. */
const restMs = 300

/** Resolves with the milliseconds of each kill. Each new leader is killed next. */
export async function kills({
  count,
  ...task
}: Omit<Task, 'election' | 'name'> & { readonly count: number }): Promise<number[]> {
  const election = `kills-${randomUUID()}`
  const start = async (name: string): Promise<Service> => {
    const service = await Service.start({ ...task, election, name })
    await service.told('open')
    if (task.session.guardian === true) await service.told('guardian')
    return service
  }
  const samples: number[] = []
  let leader = await start('s0')
  await leader.told('elected')
  try {
    for (let round = 1; round <= count; round++) {
      const next = await start(`s${round}`)
      try {
        await pause(restMs)
        const killedAt = now()
        const killed = leader.kill()
        samples.push((await next.told('elected')).at - killedAt)
        await killed
      } finally {
        await leader.kill()
        leader = next
      }
    }
  } finally {
    await leader.kill()
  }
  return samples
}
