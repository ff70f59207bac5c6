// Plays one round: faults that a seed draws, calm after each, and the verdict on the history.

import type { Entry } from './history.js'
import { now } from './host-clock.js'
import { type Fault, wait } from './nemesis/fault.js'
import { judge } from './oracle/judge.js'
import type { Verdict } from './oracle/verdict.js'
import { Random } from './random.js'
import { takeCensus, untilWell } from './stock.js'
import { World, type WorldOptions } from './world.js'

export interface RoundOptions extends Omit<WorldOptions, 'abilities'> {
  readonly seed: string
  /** The faults of each slot: one, or two at once. */
  readonly slots: readonly (readonly Fault[])[]
  /** Everything has to heal within the TTL and this time. */
  readonly healWithinMs: number
}

export interface Round {
  readonly seed: string
  readonly verdict: Verdict
  readonly history: readonly Entry[]
}

const closeWithinMs = 15_000

/** Draws `count` slots from a seed; some hold two faults at once. */
export function draw(seed: string, faults: readonly Fault[], count: number): Fault[][] {
  const random = new Random(seed).for('faults')
  const sociable = faults.filter(({ alone }) => alone !== true)
  return Array.from({ length: count }, () => {
    const fault = random.pick(faults)
    const both = random.next() < 0.25 && fault.alone !== true && sociable.length > 1
    return both ? [fault, random.pick(sociable.filter((other) => other !== fault))] : [fault]
  })
}

export async function playRound(options: RoundOptions): Promise<Round> {
  const { seed, slots, healWithinMs, candidates } = options
  const needed = slots.flat().flatMap(({ needs }) => (needs === undefined ? [] : [needs]))
  await using world = await World.make({ ...options, abilities: new Set(needed) })
  const random = new Random(seed)
  const limitMs = world.ttlMs + healWithinMs
  // Faults begin when there is a leader to lose.
  await untilWell(world, 20_000)
  for (const [index, slot] of slots.entries()) {
    const draw = random.for(`slot ${String(index)}`)
    await rage(world, slot, draw)
    await world.heal()
    world.note({ is: 'calm' })
    const well = await untilWell(world, limitMs)
    // The damage is in the history by now. A new start keeps it out of the verdict on the next
    // slot.
    if (!well) await startAnew(world, limitMs)
    await wait(draw.between(0, 0.5) * world.ttlMs)
  }
  await takeCensus(world, limitMs)
  const closed = world.subjects.filter(({ isRunning }) => isRunning).map(({ who }) => who)
  await Promise.all(
    world.subjects.map((subject) => subject.close(Math.max(closeWithinMs, healWithinMs))),
  )
  const history = world.history()
  const verdict = judge(history, {
    ttlMs: world.ttlMs,
    healWithinMs,
    newsWithinMs: healWithinMs / 3,
    excuses: !options.lockDelay,
    candidates,
    observers: world.observers.length,
    closed,
  })
  return { seed, history, verdict }
}

async function rage(world: World, slot: readonly Fault[], random: Random): Promise<void> {
  await Promise.all(
    slot.map(async (fault, place) => {
      const at = now()
      const { on, excuse } = await fault
        .run(world, random.for(`place ${String(place)}`))
        // One fault may rule another out: a cluster without a leader cannot hand its leadership
        // over.
        .catch((error: unknown) => ({ on: `nobody: ${String(error)}`, excuse: undefined }))
      world.note({ is: 'fault', at, to: now(), fault: fault.name, on, excuse })
    }),
  )
}

async function startAnew(world: World, limitMs: number): Promise<void> {
  for (const subject of world.subjects) {
    await subject.kill()
    subject.start()
  }
  await untilWell(world, limitMs + 10_000)
}
