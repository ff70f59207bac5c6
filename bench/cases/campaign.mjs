// From the wish to lead to leading, with nobody else there: with a session to be opened, and on an open one.
// Connections are open in both.
import { once } from 'node:events'
import { Candidate, Session } from '../../dist/index.js'
import { ttl } from '../world.mjs'

function oursWithoutSession(world) {
  const etcd = world.etcd()
  let candidate
  return {
    before() {
      candidate = new Candidate(etcd, { election: world.name(), name: 'web-1', ttl })
    },
    act: () => candidate.campaign(),
    after: () => candidate.close(),
  }
}

async function oursWithSession(world) {
  const session = new Session(world.etcd(), { ttl })
  await session.open()
  let candidate
  return {
    before() {
      candidate = new Candidate(session, { election: world.name(), name: 'web-1' })
    },
    act: () => candidate.campaign(),
    after: () => candidate.close(),
    close: () => session.close(),
  }
}

/** Each campaign of etcd3 has a lease of its own, so there is only the one kind. */
function etcd3(world) {
  const client = world.etcd3()
  let campaign
  return {
    act() {
      campaign = client.election(world.name(), ttl).campaign('web-1')
      return once(campaign, 'elected')
    },
    after: () => campaign.resign(),
  }
}

async function goWithoutSession(world) {
  const go = await world.go()
  return go && { act: () => go({ do: 'openAndCampaign', prefix: world.name() }) }
}

async function goWithSession(world) {
  const go = await world.go()
  await go?.({ do: 'open' })
  return go && { act: () => go({ do: 'campaign', prefix: world.name() }) }
}

export const cases = [
  {
    title: 'open a session and campaign',
    contenders: { ours: oursWithoutSession, etcd3, Go: goWithoutSession },
  },
  {
    title: 'campaign on an open session',
    contenders: { ours: oursWithSession, etcd3, Go: goWithSession },
  },
]
