// From resign() of the leader to the election of the next one, in a queue of candidates that have waited for a while.
// The candidates are spread over up to ten clients, so that neighbours in the queue never share one.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Candidate } from '../../dist/index.js'
import { ttl } from '../world.mjs'

const mostClients = 10
/** After this, a watch that was opened to join the queue is served like any other (docs/architecture.md, "Watching"). */
const restMs = 150

async function ours(world, candidates) {
  const clients = Array.from({ length: Math.min(candidates, mostClients) }, () => world.etcd())
  const election = world.name()
  const queue = []
  const join = async (candidate) => {
    const elected = candidate.campaign()
    queue.push({ candidate, elected })
    while (candidate.term === '') await pause(1)
  }
  for (let index = 0; index < candidates; index++) {
    const etcd = clients[index % clients.length]
    await join(new Candidate(etcd, { election, name: `web-${index}`, ttl }))
  }
  await queue[0].elected
  let resigning
  return {
    act() {
      const [first, next] = queue
      resigning = first.candidate.resign()
      return next.elected
    },
    async after() {
      const { candidate } = queue.shift()
      await resigning
      await join(candidate)
    },
    async close() {
      const closing = queue.map(({ candidate }) => candidate.close())
      await Promise.allSettled([...closing, ...queue.map(({ elected }) => elected)])
    },
  }
}

async function etcd3(world, candidates) {
  const clients = Array.from({ length: Math.min(candidates, mostClients) }, () => world.etcd3())
  const election = world.name()
  const queue = []
  const join = async (client) => {
    const campaign = client.election(election, ttl).campaign('web')
    const elected = once(campaign, 'elected')
    queue.push({ client, campaign, elected })
    await (queue.length === 1 ? elected : once(campaign, '_isWaiting'))
  }
  for (let index = 0; index < candidates; index++) await join(clients[index % clients.length])
  let resigning
  return {
    act() {
      const [first, next] = queue
      resigning = first.campaign.resign()
      return next.elected
    },
    async after() {
      const { client } = queue.shift()
      await resigning
      await join(client)
    },
    async close() {
      for (const { campaign } of queue.toReversed()) await campaign.resign()
    },
  }
}

async function go(world, candidates) {
  const ask = await world.go()
  if (ask === undefined) return undefined
  const queue = { prefix: world.name(), count: candidates }
  await ask({ do: 'queue', ...queue })
  return { act: () => ask({ do: 'handOver' }), after: () => ask({ do: 'requeue', ...queue }) }
}

export const cases = [2, 10, 100, 1_000].map((candidates) => ({
  title: `handover by resign, ${candidates} candidates`,
  restMs,
  // To join a long queue again takes long, and is done before each measurement.
  mostRounds: candidates > 100 ? 20 : 60,
  slow: candidates > 100,
  onlyInMemory: candidates > 100,
  contenders: {
    ours: (world) => ours(world, candidates),
    etcd3: (world) => etcd3(world, candidates),
    Go: (world) => go(world, candidates),
  },
}))
