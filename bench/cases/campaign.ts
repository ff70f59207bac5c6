// From campaign() to leading, without competition: with a session that has to be opened, and on an
// open one. Connections are open in both.

import { once } from 'node:events'
import { Candidate, Session } from 'etcd-elect'
import type { BenchCase } from '../case.js'
import type { Contender } from '../contender.js'
import { ttl, type World } from '../world.js'

/** A new candidate each time. */
function campaigning(make: () => Candidate): Contender {
  let candidate = make()
  return {
    before: () => (candidate = make()),
    act: () => candidate.campaign(),
    after: () => candidate.close(),
  }
}

function oursWithoutSession(world: World): Contender {
  const etcd = world.etcd()
  return campaigning(() => new Candidate(etcd, { election: world.name(), name: 'web-1', ttl }))
}

async function oursWithSession(world: World): Promise<Contender> {
  const session = new Session(world.etcd(), { ttl })
  await session.open()
  return {
    ...campaigning(() => new Candidate(session, { election: world.name(), name: 'web-1' })),
    close: () => session.close(),
  }
}

/** Each campaign of etcd3 has a lease of its own, so there is only one kind. */
function etcd3(world: World): Contender {
  const client = world.etcd3()
  let resign: () => Promise<void> = () => Promise.resolve()
  return {
    act() {
      const campaign = client.election(world.name(), ttl).campaign('web-1')
      resign = () => campaign.resign()
      return once(campaign, 'elected')
    },
    after: () => resign(),
  }
}

async function goWithoutSession(world: World): Promise<Contender | undefined> {
  const go = await world.go()
  return go && { act: () => go({ do: 'openAndCampaign', prefix: world.name() }) }
}

async function goWithSession(world: World): Promise<Contender | undefined> {
  const go = await world.go()
  await go?.({ do: 'open' })
  return go && { act: () => go({ do: 'campaign', prefix: world.name() }) }
}

export const cases: readonly BenchCase[] = [
  {
    title: 'open a session and campaign',
    contenders: { ours: oursWithoutSession, etcd3, Go: goWithoutSession },
  },
  {
    title: 'campaign on an open session',
    contenders: { ours: oursWithSession, etcd3, Go: goWithSession },
  },
]
