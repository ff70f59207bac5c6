// Asks etcd who leads: "do I?" with this library, "who does?" with etcd3.

import { once } from 'node:events'
import { Candidate } from 'etcd-elect'
import type { BenchCase } from '../case.js'
import type { Contender } from '../contender.js'
import { ttl, type World } from '../world.js'

async function ours(world: World): Promise<Contender> {
  const candidate = new Candidate(world.etcd(), { election: world.name(), name: 'web-1', ttl })
  await candidate.campaign()
  return { act: () => candidate.isLeader(), close: () => candidate.close() }
}

async function etcd3(world: World): Promise<Contender> {
  const election = world.etcd3().election(world.name(), ttl)
  const campaign = election.campaign('web-1')
  await once(campaign, 'elected')
  return { act: () => election.leader(), close: () => campaign.resign() }
}

export const cases: readonly BenchCase[] = [{ title: 'isLeader()', contenders: { ours, etcd3 } }]
