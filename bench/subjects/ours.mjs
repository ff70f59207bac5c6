// This library, as a process that does what bench/scale.mjs, observers.mjs and crashes.mjs ask for.
import { setTimeout as pause } from 'node:timers/promises'
import { Candidate, Etcd, Observer, Session } from '../../dist/index.js'
import { rest, serve, timed, timeOfDay } from './protocol.mjs'
import { TakingOver } from './taking-over.mjs'

const [endpoint] = process.argv.slice(2)
const etcd = new Etcd({ endpoints: [endpoint] })
await new Observer(etcd, { election: 'bench' }).init()
let taking
let inform
const kept = []

function candidates(on, { prefix, count, ttl }, name) {
  const own = on === etcd ? { ttl } : {}
  return Array.from(
    { length: count },
    (_, index) => new Candidate(on, { election: `${prefix}/${index}`, name, ...own }),
  )
}

async function waitIn(all) {
  taking = new TakingOver()
  kept.push(all)
  for (const candidate of all) void candidate.campaign().then(() => taking.won())
  while (all.some(({ term }) => term === '')) await pause(2)
  taking.begin()
}

await serve({
  rest,
  async lead(command) {
    const all = candidates(new Session(etcd, { ttl: command.ttl }), command, 'web-1')
    kept.push(all)
    return { ms: await timed(() => Promise.all(all.map((candidate) => candidate.campaign()))) }
  },
  /** With a session each. */
  async leadApart(command) {
    const all = candidates(etcd, command, 'web-1')
    kept.push(all)
    await Promise.all(all.map((candidate) => candidate.campaign()))
  },
  async wait(command) {
    const session = new Session(etcd, { ttl: command.ttl })
    return { ms: await timed(() => waitIn(candidates(session, command, 'web-2'))) }
  },
  taken: ({ count }) => taking.all(count),
  async leadEach(command) {
    const all = candidates(etcd, command, 'web-1')
    kept.push(all)
    for (const candidate of all) {
      await candidate.campaign()
      await pause(53)
    }
  },
  waitEach: (command) => waitIn(candidates(etcd, command, 'web-2')),
  async observe({ prefix, count, ttl }) {
    const other = new Etcd({ endpoints: [endpoint] })
    const leader = new Candidate(other, { election: prefix, name: 'web-1', ttl })
    await leader.campaign()
    const all = Array.from({ length: count }, () => new Observer(etcd, { election: prefix }))
    await Promise.all(all.map((observer) => observer.start()))
    let firstAt
    const informed = all.map(async (observer) => {
      for await (const { name } of observer) if (name === 'web-2') break
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
