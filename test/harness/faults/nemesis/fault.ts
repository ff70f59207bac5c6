// What a fault is, and what many faults need.

import type { EtcdProcess } from '../../../support/etcd.js'
import type { Excuse } from '../history.js'
import { now } from '../host-clock.js'
import type { Random } from '../random.js'
import type { Subject } from '../subject.js'
import type { Ability, World } from '../world.js'

export interface Done {
  /** What the fault was done to. */
  readonly on: string
  readonly excuse?: Excuse
}

export interface Fault {
  readonly name: string
  readonly needs?: Ability
  /** Changes the whole cluster, so no other fault may run beside it. */
  readonly alone?: true
  /** Carries the fault out; resolves when it is undone. */
  run(world: World, random: Random): Promise<Done>
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A time between well within the TTL and well beyond it. */
export function aWhile(world: World, random: Random): number {
  return random.between(0.3, 2.5) * world.ttlMs
}

/** Picks the leader more often than not: it has the most to lose. */
export async function victim(world: World, random: Random): Promise<Subject> {
  const leader = random.next() < 0.6 ? await world.leader() : undefined
  return leader ?? random.pick(world.candidates)
}

export function onCandidate(
  name: string,
  act: (subject: Subject, world: World, random: Random) => Promise<void>,
): Fault {
  return {
    name,
    async run(world, random) {
      const subject = await victim(world, random)
      await act(subject, world, random)
      return { on: subject.name }
    },
  }
}

/** Resolves when there is a leader, or after this time without one. */
export async function untilLed(world: World, withinMs: number): Promise<void> {
  const giveUpAt = now() + withinMs
  while (now() < giveUpAt && world.believed() === undefined) await wait(50)
}

/** Makes this candidate lead: asks other leaders to resign. */
export async function haveLead(world: World, wanted: Subject): Promise<void> {
  for (let attempt = 0; attempt < 2 * world.candidates.length; attempt++) {
    const leader = await world.leader()
    if (leader === wanted) break
    leader?.send({ do: 'resign' })
    await wait(200)
    await untilLed(world, world.ttlMs)
  }
  // Until it knows that it leads, and has renewed its lease since.
  await untilLed(world, world.ttlMs)
  await wait(0.4 * world.ttlMs)
}

export function indexOf(world: World, member: EtcdProcess): number {
  return world.cluster.members.indexOf(member)
}
