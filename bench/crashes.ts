// From the death of the leader's process to the next leader, at the smallest TTL that etcd grants.
// Several elections run at once, each with leases of its own that began at different times, so that
// one death yields as many measurements.

import { randomUUID } from 'node:crypto'
import { attempt } from './attempt.js'
import type { Plan } from './plan.js'
import type { Failover, Kind } from './result.js'
import { withSubject } from './subject.js'
import { timeOfDay } from './subjects/protocol.js'

const ttl = 2
const count = 10

interface Task {
  readonly plan: Plan
  readonly rounds: number
  readonly endpoint: string
  readonly say: (text: string) => void
}

/** One for each round. */
export async function measureFailover({ plan, rounds, endpoint, say }: Task): Promise<Failover[]> {
  const measured: Failover[] = []
  for (let round = 0; round < rounds; round++) {
    for (const subject of plan.inTurn(count, round).filter((each) => each !== 'raw')) {
      say(`failover: ${subject} …`)
      const times = await attempt(async () => ({ eachMs: await measureOne(endpoint, subject) }))
      measured.push({ subject, ...times })
    }
  }
  return measured
}

function measureOne(endpoint: string, kind: Kind): Promise<number[]> {
  const elections = { prefix: `bench/${randomUUID()}`, count, ttl }
  return withSubject(kind, endpoint, (leader) =>
    withSubject(kind, endpoint, async (next) => {
      await leader.ask({ do: 'leadEach', ...elections })
      await next.ask({ do: 'waitEach', ...elections })
      const taken = next.ask({ do: 'taken', count })
      const diedAt = timeOfDay()
      await leader.kill()
      const { count: elected, each = [] } = await taken
      if (elected < count) throw new Error(`${elected} of ${count} were elected`)
      return each.map((at) => at - diedAt)
    }),
  )
}
