// What a guardian and a worker cost while nothing happens: memory and time of the processor. Reads /proc.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { now, Service } from './service-process.mjs'

/** Of the processor's time that a process or thread has used; a tick is 10 ms on Linux. */
const tickMs = 10

function kilobytes(pid) {
  const of = (file, field) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1])
  return {
    rss: of(`/proc/${pid}/status`, 'VmRSS'),
    anonymous: of(`/proc/${pid}/status`, 'RssAnon'),
    pss: of(`/proc/${pid}/smaps_rollup`, 'Pss'),
  }
}

function ticksOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Milliseconds of the processor of the threads that came with the worker. */
async function workerMs(service, before) {
  const since = now()
  service.tell('ticks')
  const { ticks } = await service.told('ticks', since)
  return ticks.filter(([id]) => !before.includes(id)).reduce((sum, [, n]) => sum + n, 0) * tickMs
}

/** One session with so many elections, idle for so long. */
export async function cost({ endpoint, elections, idleMs, session }) {
  const task = { library: 'ours', endpoint, election: `cost-${randomUUID()}`, name: 'a' }
  const alone = new Service({
    ...task,
    election: `alone-${randomUUID()}`,
    session: { ttl: session.ttl },
  })
  const service = new Service({ ...task, session, elections })
  try {
    await alone.told('elected')
    const { pid } = await service.told('guardian')
    const { threads: before } = await service.told('open')
    await service.told('elected')
    // What follows a start is not what it costs to be there.
    await pause(3_000)
    const begin = { at: now(), guardian: ticksOf(pid), worker: await workerMs(service, before) }
    await pause(idleMs)
    const tookMs = now() - begin.at
    const percent = (ms) => (100 * ms) / tookMs
    return {
      guardian: {
        memory: kilobytes(pid),
        cpuPercent: percent((ticksOf(pid) - begin.guardian) * tickMs),
      },
      worker: { cpuPercent: percent((await workerMs(service, before)) - begin.worker) },
      process: kilobytes(service.pid),
      withoutBoth: kilobytes(alone.pid),
    }
  } finally {
    await Promise.all([alone.kill(), service.kill()])
  }
}
