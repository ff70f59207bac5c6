// Many observers of one election in one process: from the leader's proclamation to the first
// observer and to the last.

import { randomUUID } from 'node:crypto'
import { attempt } from './attempt.js'
import type { Plan } from './plan.js'
import type { Informed, Observers } from './result.js'
import { added, type Subject, withSubject } from './subject.js'

const ttl = 60

interface Task {
  readonly plan: Plan
  readonly endpoint: string
  readonly say: (text: string) => void
}

/** One for each round. */
export async function measureObservers({ plan, endpoint, say }: Task): Promise<Observers[]> {
  const measured: Observers[] = []
  for (const count of plan.observerCounts) {
    for (let round = 0; round < plan.often(count); round++) {
      for (const subject of plan.inTurn(count, round).filter((each) => each !== 'raw')) {
        say(`${count} observers: ${subject} …`)
        const informed = await attempt(() =>
          withSubject(subject, endpoint, (process) => measureOne(process, count)),
        )
        measured.push({ subject, count, ...informed })
      }
    }
  }
  return measured
}

async function measureOne(subject: Subject, count: number): Promise<Informed> {
  const { heapMb: heapBefore } = await subject.ask({ do: 'rest' })
  const before = subject.usage()
  const prefix = `bench/${randomUUID()}`
  await subject.ask({ do: 'observe', prefix, count, ttl }, 30_000)
  const { heapMb } = await subject.ask({ do: 'rest' })
  const { rssMb } = added(before, subject.usage())
  const { firstAt, lastAt } = await subject.ask({ do: 'inform' }, 20_000)
  return {
    firstMs: firstAt,
    lastMs: lastAt,
    rssMb,
    heapMb: heapMb === undefined || heapBefore === undefined ? undefined : heapMb - heapBefore,
  }
}
