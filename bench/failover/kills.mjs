// From SIGKILL of the leader's process to the election of the next one, in another process.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { now, Service } from './service-process.mjs'

/** After this a watch that was opened to join the queue is served like any other. */
const restMs = 300

/** Resolves with the milliseconds of each kill. The next one becomes the one to be killed. */
export async function kills({ endpoint, library, session, count }) {
  const election = `kills-${randomUUID()}`
  const start = async (name) => {
    const service = new Service({ library, endpoint, election, name, session })
    await service.told('open')
    if (session.guardian) await service.told('guardian')
    return service
  }
  const samples = []
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
