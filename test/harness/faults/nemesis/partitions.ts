// Faults between the members of etcd, each of which has a network namespace of its own.

import { now } from '../host-clock.js'
import type { Subject } from '../subject.js'
import type { World } from '../world.js'
import { aWhile, type Fault, indexOf, untilLed, wait } from './fault.js'

function onlyReaches(subject: Subject, member: number): void {
  for (const [index, proxy] of subject.proxies.entries()) {
    if (index !== member) proxy.blackhole()
  }
}

/** Brings every client's streams to this member: no other member can be reached for a moment. */
async function moveEverybodyTo(world: World, member: number): Promise<void> {
  const others = world.subjects.flatMap(({ proxies }) =>
    proxies.filter((_, index) => index !== member),
  )
  for (const proxy of others) proxy.refuse()
  await wait(0.5 * world.ttlMs)
  for (const proxy of others) proxy.heal()
}

const partitions: readonly Omit<Fault, 'needs'>[] = [
  {
    name: 'isolate the leader of etcd',
    alone: true,
    async run(world, random) {
      const member = indexOf(world, await world.cluster.leader())
      await world.network.isolate(member)
      await wait(aWhile(world, random))
      const from = now()
      await world.network.heal()
      await world.cluster.members[member]?.ready()
      return { on: String(member), excuse: { by: 'etcd', from } }
    },
  },
  {
    name: 'isolate a follower of etcd, which all clients watch, and have the leader resign',
    alone: true,
    async run(world, random) {
      const member = indexOf(world, random.pick(await world.cluster.followers()))
      await moveEverybodyTo(world, member)
      await world.network.isolate(member)
      // Until the member knows that etcd's leader is lost to it.
      await wait(4_000)
      const leader = await world.leader()
      leader?.send({ do: 'resign' })
      await wait(300)
      world.note({ is: 'due' })
      await untilLed(world, world.ttlMs + 4_000)
      await world.network.heal()
      await world.cluster.members[member]?.ready()
      return { on: String(member) }
    },
  },
  {
    name: 'cut one way between two members',
    alone: true,
    async run(world, random) {
      const at = now()
      const from = Math.floor(random.between(0, 3))
      const to = (from + Math.floor(random.between(1, 3))) % 3
      await world.network.cutOneWay(from, to)
      await wait(aWhile(world, random))
      await world.network.heal()
      for (const member of world.cluster.members) await member.ready()
      return { on: `${String(from)} to ${String(to)}`, excuse: { by: 'etcd', from: at } }
    },
  },
  {
    name: 'isolate a client together with a minority member',
    alone: true,
    async run(world, random) {
      const subject = (await world.leader()) ?? random.pick(world.candidates)
      const member = Math.floor(random.between(0, 3))
      onlyReaches(subject, member)
      await world.network.isolate(member)
      await wait(Math.max(aWhile(world, random), 1.5 * world.ttlMs))
      const from = now()
      for (const proxy of subject.proxies) proxy.heal()
      await world.network.heal()
      await world.cluster.members[member]?.ready()
      return { on: `${subject.name} with ${String(member)}`, excuse: { by: 'etcd', from } }
    },
  },
  {
    // It resumes as etcd's leader, and for a second or two acknowledges keep-alives that the others
    // never see.
    name: 'freeze the leader of etcd, alone with the leader of the election',
    alone: true,
    async run(world) {
      const subject = (await world.leader()) ?? world.candidates[0]
      const leader = await world.cluster.leader()
      const member = indexOf(world, leader)
      if (subject !== undefined) onlyReaches(subject, member)
      // The leader renews over this member first.
      await wait(0.5 * world.ttlMs)
      await world.network.isolate(member)
      await leader.pause()
      await wait(0.55 * world.ttlMs)
      leader.resume()
      // Until the lease has run out on the other members, and another candidate leads.
      await wait(1.6 * world.ttlMs + 1_500)
      const from = now()
      for (const proxy of subject?.proxies ?? []) proxy.heal()
      await world.network.heal()
      await leader.ready()
      const on = `${subject?.name ?? 'nobody'} with ${String(member)}`
      return { on, excuse: { by: 'etcd', from } }
    },
  },
]

export const partitionFaults: readonly Fault[] = partitions.map((fault) => ({
  ...fault,
  needs: 'namespaces',
}))
