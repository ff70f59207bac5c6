// From the death of the leader's process to the next leader, at the smallest TTL that etcd grants. Several elections at
// once, each with leases of its own, begun at different times; so one death is as many measurements.
// It must not know how leaders are followed.
import { randomUUID } from 'node:crypto'
import { Subject } from './subject.mjs'
import { timeOfDay } from './subjects/protocol.mjs'

const ttl = 2
const count = 10

/** @returns `[{ subject, eachMs }]`, one for each round. */
export async function measureFailover({ rounds, subjects, endpoint, say }) {
  const measured = []
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects(count, round).filter((each) => each !== 'raw')) {
      say(`failover: ${subject} …`)
      try {
        measured.push({ subject, eachMs: await measureOne(endpoint, subject) })
      } catch (error) {
        measured.push({ subject, failed: error.message })
      }
    }
  }
  return measured
}

async function measureOne(endpoint, subject) {
  const prefix = `bench/${randomUUID()}`
  const leader = await Subject.start(subject, endpoint)
  const next = await Subject.start(subject, endpoint)
  try {
    await leader.ask({ do: 'leadEach', prefix, count, ttl })
    await next.ask({ do: 'waitEach', prefix, count, ttl })
    const taken = next.ask({ do: 'taken', count })
    const diedAt = timeOfDay()
    await leader.kill()
    const { count: elected, each } = await taken
    if (elected < count) throw new Error(`${elected} of ${count} were elected`)
    return each.map((at) => at - diedAt)
  } finally {
    await leader.kill()
    await next.kill()
  }
}
