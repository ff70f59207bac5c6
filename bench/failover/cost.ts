// Measures what a guardian and a renewal worker cost while nothing happens: memory and CPU time.
// Reads /proc.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { SessionOptions } from 'etcd-elect'
import { type Memory, memoryOf, now, ticksOf } from './proc.js'
import { Service } from './service-process.js'

/** Of Linux. */
const tickMs = 10

export interface Cost {
  readonly guardian: { readonly memory: Memory; readonly cpuPercent: number }
  readonly worker: { readonly cpuPercent: number }
  readonly process: Memory
  readonly withoutBoth: Memory
}

/** CPU milliseconds of the threads that came with the worker. */
async function workerMs(service: Service, before: readonly string[]): Promise<number> {
  const since = now()
  service.tell({ do: 'ticks' })
  const { ticks } = await service.told('ticks', since)
  const own = ticks.filter(([thread]) => !before.includes(thread))
  return own.reduce((sum, [, count]) => sum + count, 0) * tickMs
}

/** Measures one session with `elections` elections, idle for a while. */
export async function cost({
  endpoint,
  elections,
  idleMs,
  session,
}: {
  readonly endpoint: string
  readonly elections: number
  readonly idleMs: number
  readonly session: SessionOptions
}): Promise<Cost> {
  const task = { library: 'ours' as const, endpoint, name: 'a' }
  const alone = await Service.start({
    ...task,
    election: `alone-${randomUUID()}`,
    session: { ttl: session.ttl },
  })
  const election = `cost-${randomUUID()}`
  const service = await Service.start({ ...task, election, session, elections })
  try {
    await alone.told('elected')
    const { pid } = await service.told('guardian')
    const { threads: before } = await service.told('open')
    await service.told('elected')
    // Waits until the work after the start is done: it is not part of the idle cost.
    await pause(3_000)
    const begin = { at: now(), guardian: ticksOf(pid), worker: await workerMs(service, before) }
    await pause(idleMs)
    const tookMs = now() - begin.at
    const percent = (ms: number): number => (100 * ms) / tookMs
    return {
      guardian: {
        memory: memoryOf(pid),
        cpuPercent: percent((ticksOf(pid) - begin.guardian) * tickMs),
      },
      worker: { cpuPercent: percent((await workerMs(service, before)) - begin.worker) },
      process: memoryOf(service.pid),
      withoutBoth: memoryOf(alone.pid),
    }
  } finally {
    await Promise.all([alone.kill(), service.kill()])
  }
}
