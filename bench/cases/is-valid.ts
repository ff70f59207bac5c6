// Asks whether this process leads, without a request. etcd3 has no such call.

import { Candidate } from 'etcd-elect'
import type { BenchCase } from '../case.js'
import type { Contender } from '../contender.js'
import { ttl, type World } from '../world.js'

const times = 100_000

async function ours(world: World): Promise<Contender> {
  const candidate = new Candidate(world.etcd(), { election: world.name(), name: 'web-1', ttl })
  const leadership = await candidate.campaign()
  return {
    times,
    act() {
      let valid = 0
      for (let time = 0; time < times; time++) if (leadership.isValid()) valid += 1
      if (valid !== times) throw new Error('the leadership ended while it was measured')
    },
    close: () => candidate.close(),
  }
}

export const cases: readonly BenchCase[] = [{ title: 'isValid()', contenders: { ours } }]
