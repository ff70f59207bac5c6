// npm etcd3 as a subject.

import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type Campaign, Etcd3 } from 'etcd3'
import type { Informed, Many } from './commands.js'
import { informing } from './informing.js'
import { endpointGiven, rest, serve, timed } from './protocol.js'
import { TakingOver } from './taking-over.js'

const endpoint = endpointGiven()
const client = new Etcd3({ hosts: [endpoint] })
await client.get('bench')
let taking = new TakingOver()
let inform: () => Promise<Informed> = () => Promise.reject(new Error('nobody observes'))
const kept: Campaign[] = []
// Its errors are ignored: what it cannot do shows in the figures that it does not reach.
process.on('uncaughtException', () => undefined)

/** etcd3 puts `election/` before every name. */
function campaign(given: Many, index: number, name: string, on = client): Campaign {
  const election = on.election(`${given.prefix}/${index}`, given.ttl)
  const made = election.campaign(name)
  kept.push(made)
  made.on('error', () => undefined)
  return made
}

async function waitIn(given: Many, clientOf = () => client): Promise<undefined> {
  const takingOver = new TakingOver()
  taking = takingOver
  const waiting = Array.from({ length: given.count }, async (_, index) => {
    const made = campaign(given, index, 'web-2', clientOf())
    made.once('elected', () => {
      takingOver.won()
    })
    await once(made, '_isWaiting')
  })
  await Promise.all(waiting)
  takingOver.begin()
}

await serve({
  rest,
  async lead(given) {
    const elected = (_: unknown, index: number): Promise<unknown> =>
      once(campaign(given, index, 'web-1'), 'elected')
    return { ms: await timed(() => Promise.all(Array.from({ length: given.count }, elected))) }
  },
  async wait(given) {
    return { ms: await timed(() => waitIn(given)) }
  },
  taken: ({ count }) => taking.all(count),
  async leadEach(given) {
    for (let index = 0; index < given.count; index++) {
      await once(campaign(given, index, 'web-1'), 'elected')
      await pause(53)
    }
  },
  // With more than one waiting candidate on a client, none of them is elected.
  waitEach: (given) => waitIn(given, () => new Etcd3({ hosts: [endpoint] })),
  async observe({ prefix, count, ttl }) {
    const other = new Etcd3({ hosts: [endpoint] })
    const leader = other.election(prefix, ttl).campaign('web-1')
    await once(leader, 'elected')
    const election = client.election(prefix, ttl)
    const all = await Promise.all(Array.from({ length: count }, () => election.observe()))
    const hearing = all.map(async (observer) => {
      while (observer.leader() !== 'web-2') await once(observer, 'change')
    })
    inform = informing(hearing, () => leader.proclaim('web-2'))
  },
  inform: () => inform(),
})
