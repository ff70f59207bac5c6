// Faults on the way between one candidate and the members of etcd.

import { now } from '../host-clock.js'
import type { Random } from '../random.js'
import type { Subject } from '../subject.js'
import { aWhile, type Fault, onCandidate, wait } from './fault.js'

/** Disturbs the way between one candidate and every member for a while. */
function onTheWay(name: string, act: (subject: Subject, random: Random) => void): Fault {
  return onCandidate(name, async (subject, world, random) => {
    act(subject, random)
    await wait(aWhile(world, random))
    for (const proxy of subject.proxies) proxy.heal()
  })
}

export const wayFaults: readonly Fault[] = [
  onTheWay('black-hole a client', ({ proxies }) => {
    for (const proxy of proxies) proxy.blackhole()
  }),
  onTheWay('black-hole a client one way', ({ proxies }, random) => {
    const direction = random.pick(['toServer', 'toClient'] as const)
    for (const proxy of proxies) proxy.blackhole(direction)
  }),
  {
    name: 'black-hole the leader past its TTL',
    async run(world) {
      const subject = (await world.leader()) ?? world.candidates[0]
      for (const proxy of subject?.proxies ?? []) proxy.blackhole()
      await wait(2.2 * world.ttlMs)
      for (const proxy of subject?.proxies ?? []) proxy.heal()
      return { on: subject?.name ?? 'nobody' }
    },
  },
  onTheWay('hold a client up', ({ proxies }) => {
    for (const proxy of proxies) proxy.hold()
  }),
  onTheWay('delay a client', ({ proxies }, random) => {
    for (const proxy of proxies) proxy.delay(random.between(20, 200))
  }),
  onTheWay('drop what a client sends and gets', ({ proxies }, random) => {
    for (const proxy of proxies) proxy.drop(() => random.next() < 0.05)
  }),
  onTheWay('refuse a client', ({ proxies }) => {
    for (const proxy of proxies) proxy.refuse()
  }),
  onTheWay('reset connections', ({ proxies }) => {
    for (const proxy of proxies) proxy.reset()
  }),
  onTheWay('half-close connections', ({ proxies }) => {
    for (const proxy of proxies) proxy.halfClose()
  }),
  onTheWay('cut a client off from all but one member', ({ proxies }, random) => {
    const left = random.pick(proxies)
    for (const proxy of proxies) if (proxy !== left) proxy.blackhole()
  }),
  {
    name: 'slow answers, then none to new questions',
    async run(world) {
      const subject = (await world.leader()) ?? world.candidates[0]
      const proxies = subject?.proxies ?? []
      for (const proxy of proxies) proxy.delay(0.2 * world.ttlMs, 'toClient')
      await wait(1.2 * world.ttlMs)
      for (const proxy of proxies) proxy.blackhole('toServer')
      await wait(1.7 * world.ttlMs)
      for (const proxy of proxies) proxy.heal()
      return { on: subject?.name ?? 'nobody' }
    },
  },
  {
    // The answers to its first requests are old when they arrive; the library has to reckon with
    // that.
    name: 'open a session over a slow way, then cut it off',
    alone: true,
    async run(world, random) {
      const subject = random.pick(world.candidates)
      for (const candidate of world.candidates) await candidate.kill()
      for (const { lease } of await world.keys()) {
        await world.etcd.post('/v3/lease/revoke', { ID: String(lease) })
      }
      for (const proxy of subject.proxies) proxy.delay(800, 'toClient')
      subject.start()
      for (const giveUpAt = now() + 20_000; now() < giveUpAt;) {
        if ((await world.keys()).length > 0) break
        await wait(20)
      }
      for (const proxy of subject.proxies) proxy.blackhole('toServer')
      for (const candidate of world.candidates) if (candidate !== subject) candidate.start()
      await wait(1.6 * world.ttlMs)
      for (const proxy of subject.proxies) proxy.heal()
      return { on: subject.name }
    },
  },
]
