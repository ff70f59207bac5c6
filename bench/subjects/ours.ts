// This library as a subject.

import { setTimeout as pause } from 'node:timers/promises'
import { Candidate, Etcd, Observer, Session } from 'etcd-elect'
import type { Informed, Many } from './commands.js'
import { informing } from './informing.js'
import { endpointGiven, rest, serve, timed } from './protocol.js'
import { TakingOver } from './taking-over.js'

const endpoint = endpointGiven()
const etcd = new Etcd({ endpoints: [endpoint] })
await new Observer(etcd, { election: 'bench' }).init()
let taking = new TakingOver()
let inform: () => Promise<Informed> = () => Promise.reject(new Error('nobody observes'))
const kept: Candidate[] = []

function candidates(on: Etcd | Session, { prefix, count, ttl }: Many, name: string): Candidate[] {
  const all = Array.from({ length: count }, (_, index) => {
    const election = `${prefix}/${index}`
    return on instanceof Etcd
      ? new Candidate(on, { election, name, ttl })
      : new Candidate(on, { election, name })
  })
  kept.push(...all)
  return all
}

async function waitIn(all: readonly Candidate[]): Promise<undefined> {
  const takingOver = new TakingOver()
  taking = takingOver
  for (const candidate of all) {
    void candidate.campaign().then(() => {
      takingOver.won()
    })
  }
  while (all.some(({ term }) => term === '')) await pause(2)
  takingOver.begin()
}

await serve({
  rest,
  async lead(given) {
    const all = candidates(new Session(etcd, { ttl: given.ttl }), given, 'web-1')
    return { ms: await timed(() => Promise.all(all.map((candidate) => candidate.campaign()))) }
  },
  async leadApart(given) {
    const all = candidates(etcd, given, 'web-1')
    await Promise.all(all.map((candidate) => candidate.campaign()))
  },
  async wait(given) {
    const session = new Session(etcd, { ttl: given.ttl })
    return { ms: await timed(() => waitIn(candidates(session, given, 'web-2'))) }
  },
  taken: ({ count }) => taking.all(count),
  async leadEach(given) {
    for (const candidate of candidates(etcd, given, 'web-1')) {
      await candidate.campaign()
      await pause(53)
    }
  },
  waitEach: (given) => waitIn(candidates(etcd, given, 'web-2')),
  async observe({ prefix, count, ttl }) {
    const other = new Etcd({ endpoints: [endpoint] })
    const leader = new Candidate(other, { election: prefix, name: 'web-1', ttl })
    await leader.campaign()
    const all = Array.from({ length: count }, () => new Observer(etcd, { election: prefix }))
    await Promise.all(all.map((observer) => observer.start()))
    const hearing = all.map(async (observer) => {
      for await (const now of observer) if (now?.name === 'web-2') break
    })
    inform = informing(hearing, () => leader.proclaim('web-2'))
  },
  inform: () => inform(),
})
