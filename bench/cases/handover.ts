// From the leader's resign() to the election of the next candidate, in a queue that has waited for
// a while. The candidates are spread over up to ten clients, so that neighbours in the queue never
// share one.

import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Candidate } from 'etcd-elect'
import type { Campaign, Etcd3 } from 'etcd3'
import type { BenchCase } from '../case.js'
import type { Contender } from '../contender.js'
import { ttl, type World } from '../world.js'

const mostClients = 10
/**
 * After this time etcd serves a watch that was opened to join the queue like any other
 * (docs/architecture.md, "Watching").
 */
const restMs = 150

/** The leader, and the candidate behind it. */
function front<T>(queue: readonly T[]): [T, T] {
  const [first, next] = queue
  if (first === undefined || next === undefined) throw new Error('nobody waits in the queue')
  return [first, next]
}

/** Makes `count` candidates, spread over the clients. */
function spread<C>(candidates: number, makeClient: () => C): C[] {
  const clients = Array.from({ length: Math.min(candidates, mostClients) }, makeClient)
  return Array.from({ length: candidates }, (_, index) => clients[index % clients.length]).filter(
    (client) => client !== undefined,
  )
}

async function ours(world: World, candidates: number): Promise<Contender> {
  const election = world.name()
  const queue: { candidate: Candidate; elected: Promise<unknown> }[] = []
  const join = async (candidate: Candidate): Promise<void> => {
    const elected = candidate.campaign()
    queue.push({ candidate, elected })
    while (candidate.term === '') await pause(1)
  }
  for (const [index, etcd] of spread(candidates, () => world.etcd()).entries()) {
    await join(new Candidate(etcd, { election, name: `web-${index}`, ttl }))
  }
  await queue[0]?.elected
  let resigning: Promise<void> | undefined
  return {
    act() {
      const [first, next] = front(queue)
      resigning = first.candidate.resign()
      return next.elected
    },
    async after() {
      const { candidate } = front(queue)[0]
      queue.shift()
      await resigning
      await join(candidate)
    },
    async close() {
      const closing = queue.map(({ candidate }) => candidate.close())
      await Promise.allSettled([...closing, ...queue.map(({ elected }) => elected)])
    },
  }
}

async function etcd3(world: World, candidates: number): Promise<Contender> {
  const election = world.name()
  const queue: { client: Etcd3; campaign: Campaign; elected: Promise<unknown> }[] = []
  const join = async (client: Etcd3): Promise<void> => {
    const campaign = client.election(election, ttl).campaign('web')
    const elected = once(campaign, 'elected')
    queue.push({ client, campaign, elected })
    await (queue.length === 1 ? elected : once(campaign, '_isWaiting'))
  }
  for (const client of spread(candidates, () => world.etcd3())) await join(client)
  let resigning: Promise<void> | undefined
  return {
    act() {
      const [first, next] = front(queue)
      resigning = first.campaign.resign()
      return next.elected
    },
    async after() {
      const { client } = front(queue)[0]
      queue.shift()
      await resigning
      await join(client)
    },
    async close() {
      for (const { campaign } of queue.toReversed()) await campaign.resign()
    },
  }
}

async function go(world: World, candidates: number): Promise<Contender | undefined> {
  const ask = await world.go()
  if (ask === undefined) return undefined
  const queue = { prefix: world.name(), count: candidates }
  await ask({ do: 'queue', ...queue })
  return { act: () => ask({ do: 'handOver' }), after: () => ask({ do: 'requeue', ...queue }) }
}

export const cases: readonly BenchCase[] = [2, 10, 100, 1_000].map((candidates) => ({
  title: `handover by resign, ${candidates} candidates`,
  restMs,
  // Joining a long queue again takes long, so it happens before each measurement.
  mostRounds: candidates > 100 ? 20 : 60,
  slow: candidates > 100,
  onlyInMemory: candidates > 100,
  contenders: {
    ours: (world) => ours(world, candidates),
    etcd3: (world) => etcd3(world, candidates),
    Go: (world) => go(world, candidates),
  },
}))
