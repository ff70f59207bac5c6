// Many elections in one process: led, waited for, and taken over all at once. Each subject runs in
// a process of its own against an etcd of its own, in turn.

import { setTimeout as pause } from 'node:timers/promises'
import { attempt } from './attempt.js'
import type { Server } from './etcd.js'
import type { Plan } from './plan.js'
import { leadRaw } from './raw-leader.js'
import { stateWhenQuiet } from './requests.js'
import type { Cost, Kind, Many, ManyCosts, Takeover } from './result.js'
import { added, type Subject, withSubject } from './subject.js'
import type { Command, Taken } from './subjects/commands.js'
import { timeOfDay } from './subjects/protocol.js'

/** Long enough that no lease is lost on a host that is busy with so many elections. */
const ttl = 60

interface Task {
  readonly plan: Plan
  readonly startServer: () => Promise<Server>
  readonly say: (text: string) => void
}

/** One for each round. */
export async function measureMany({ plan, startServer, say }: Task): Promise<Many[]> {
  const measured: Many[] = []
  for (const count of plan.counts) {
    for (let round = 0; round < plan.often(count); round++) {
      for (const subject of plan.inTurn(count, round)) {
        say(`${count} elections: ${subject} …`)
        const server = await startServer()
        try {
          const costs = await attempt(() => measureOne(server.endpoint, subject, count))
          measured.push({ subject, count, ...costs })
        } finally {
          await server.close()
        }
      }
    }
  }
  return measured
}

async function measureOne(endpoint: string, kind: Kind, count: number): Promise<ManyCosts> {
  const led = await withSubject(kind, endpoint, (subject) =>
    costOf(subject, endpoint, { do: 'lead', prefix: 'bench/led', count, ttl }),
  )
  if (kind === 'raw') return { led }
  return withSubject(kind, endpoint, async (subject) => {
    const prefix = 'bench/waited'
    const leader = await leadRaw(endpoint, kind === 'etcd3' ? `election/${prefix}` : prefix, count)
    const waited = await costOf(subject, endpoint, { do: 'wait', prefix, count, ttl })
    // etcd serves new watches late at first.
    await pause(500)
    const sentAt = timeOfDay()
    const taken = subject.ask({ do: 'taken', count })
    await leader.leave()
    return { led, waited, takenOver: takeoverOf(await taken, sentAt) }
  })
}

function takeoverOf({ count, firstAt, lastAt, loopMaxMs }: Taken, sentAt: number): Takeover {
  return {
    elected: count,
    firstMs: (firstAt ?? NaN) - sentAt,
    lastMs: (lastAt ?? NaN) - sentAt,
    loopMaxMs,
  }
}

/** What an operation takes: time, and the work of process and etcd. */
async function costOf(
  subject: Subject,
  endpoint: string,
  command: Command<'lead'> | Command<'wait'>,
): Promise<Cost> {
  const { heapMb: heapBefore } = await subject.ask({ do: 'rest' })
  const [before, stateBefore] = [subject.usage(), await stateWhenQuiet(endpoint)]
  const { ms } = await subject.ask(command)
  const { cpuMs } = added(before, subject.usage())
  const { heapMb } = await subject.ask({ do: 'rest' })
  const { rssMb } = added(before, subject.usage())
  const state = await stateWhenQuiet(endpoint)
  return {
    ms,
    cpuMs,
    rssMb,
    heapMb: heapMb === undefined || heapBefore === undefined ? undefined : heapMb - heapBefore,
    streams: state.streams - stateBefore.streams,
    leases: state.leases - stateBefore.leases,
    requests: state.requests - stateBefore.requests,
  }
}
