// npm etcd3, as a process that does what bench/scale.mjs, observers.mjs and crashes.mjs ask for.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import { rest, serve, timed, timeOfDay } from './protocol.mjs'
import { TakingOver } from './taking-over.mjs'

const [endpoint] = process.argv.slice(2)
const client = new Etcd3({ hosts: [endpoint] })
await client.get('bench')
let taking
let inform
const kept = []
// What it cannot do shows in what it does not reach.
process.on('uncaughtException', () => undefined)

/** It puts `election/` before every name. */
function campaign(prefix, index, ttl, name, on = client) {
  const election = on.election(`${prefix}/${index}`, ttl)
  const made = election.campaign(name)
  kept.push(made)
  made.on('error', () => undefined)
  return made
}

async function waitIn({ prefix, count, ttl }, clientOf = () => client) {
  taking = new TakingOver()
  const waiting = Array.from({ length: count }, async (_, index) => {
    const made = campaign(prefix, index, ttl, 'web-2', clientOf())
    made.once('elected', () => taking.won())
    await once(made, '_isWaiting')
  })
  await Promise.all(waiting)
  taking.begin()
}

await serve({
  rest,
  async lead({ prefix, count, ttl }) {
    const elected = (_, index) => once(campaign(prefix, index, ttl, 'web-1'), 'elected')
    return { ms: await timed(() => Promise.all(Array.from({ length: count }, elected))) }
  },
  async wait(command) {
    return { ms: await timed(() => waitIn(command)) }
  },
  taken: ({ count }) => taking.all(count),
  async leadEach({ prefix, count, ttl }) {
    for (let index = 0; index < count; index++) {
      await once(campaign(prefix, index, ttl, 'web-1'), 'elected')
      await pause(53)
    }
  },
  // With more than one waiting candidate on a client, none of them is elected.
  waitEach: (command) => waitIn(command, () => new Etcd3({ hosts: [endpoint] })),
  async observe({ prefix, count, ttl }) {
    const other = new Etcd3({ hosts: [endpoint] })
    const leader = other.election(prefix, ttl).campaign('web-1')
    await once(leader, 'elected')
    const election = client.election(prefix, ttl)
    const all = await Promise.all(Array.from({ length: count }, () => election.observe()))
    let firstAt
    const informed = all.map(async (observer) => {
      while (observer.leader() !== 'web-2') await once(observer, 'change')
      firstAt ??= timeOfDay()
    })
    inform = async () => {
      const sentAt = timeOfDay()
      await leader.proclaim('web-2')
      await Promise.all(informed)
      const ms = timeOfDay() - sentAt
      return { count: informed.length, ms, firstAt: firstAt - sentAt, lastAt: ms }
    }
  },
  inform: () => inform(),
})
