// Blocks a leader's event loop, for less and for more time than it may be blocked, and measures the
// effect.

import { randomUUID } from 'node:crypto'
import { now } from './proc.js'
import { Service } from './service-process.js'
import type { Hold, Task } from './task.js'

interface Blocks extends Omit<Task, 'election' | 'name'> {
  readonly count: number
  /** How many elections run at a time. */
  readonly width: number
  readonly blockMs: number
  readonly how: Hold
}

/** A leader that has been blocked since `since`, and the next candidate. */
interface Blocked {
  readonly leader: Service
  readonly next: Service
  readonly since: number
}

type Pair = readonly [Service, Service]

async function pair({ library, endpoint, session }: Blocks, index: number): Promise<Pair> {
  const election = `blocks-${index}-${randomUUID()}`
  const start = (name: string): Promise<Service> =>
    Service.start({ library, endpoint, election, name, session })
  const services = [await start('leader'), await start('next')] as const
  try {
    // Either of the two may lead.
    await Promise.race(services.map((service) => service.told('elected')))
    await Promise.all(services.map((service) => service.told('open')))
    if (session.renewal === 'worker') await Promise.all(services.map((each) => each.told('worker')))
    return services
  } catch (error) {
    await close(services)
    throw error
  }
}

async function close(services: Pair): Promise<void> {
  await Promise.all(services.map((service) => service.kill()))
}

/**
 * Finds the leader. With a short TTL, starting so many processes at once may have cost the first
 * one the leadership.
 */
async function ranked([one, other]: Pair): Promise<{ leader: Service; next: Service }> {
  for (;;) {
    for (const [leader, next] of [
      [one, other],
      [other, one],
    ] as const) {
      const askedAt = now()
      leader.tell({ do: 'look' })
      if ((await leader.told('looked', askedAt)).leads) return { leader, next }
    }
  }
}

/**
 * Runs elections in groups: no leader is blocked before all processes of the group have started,
 * and none starts while others are blocked.
 */
async function inBatches<T>(task: Blocks, one: (blocked: Blocked) => Promise<T>): Promise<T[]> {
  const { count, width, blockMs, how } = task
  const results: T[] = []
  while (results.length < count) {
    const size = Math.min(width, count - results.length)
    const pairs = await Promise.all(Array.from({ length: size }, (_, index) => pair(task, index)))
    try {
      const block = async (services: Pair): Promise<T> => {
        const { leader, next } = await ranked(services)
        const since = now()
        leader.tell({ do: how, ms: blockMs })
        return one({ leader, next, since })
      }
      results.push(...(await Promise.all(pairs.map(block))))
    } finally {
      await Promise.all(pairs.map(close))
    }
  }
  return results
}

/**
 * Counts the leaders, of `count`, that still lead after a block, with no other elected meanwhile.
 */
export async function kept(task: Blocks): Promise<number> {
  const outcomes = await inBatches(task, async ({ leader, next, since }) => {
    const { leads } = await leader.told('unblocked')
    return leads && !next.has('elected', since)
  })
  return outcomes.filter(Boolean).length
}

export interface Handover {
  /** Milliseconds from the beginning of the block to the election of the next leader. */
  readonly tookMs: number
  /** Whether the old leader still believed that it leads, at its first look after the block. */
  readonly believed: boolean
}

/** Measures leaders that are blocked for longer than they may be. */
export function handedOver(task: Blocks): Promise<Handover[]> {
  return inBatches(task, async ({ leader, next, since }) => {
    const began = await leader.told('blocking')
    const elected = await next.told('elected', since)
    const { leads } = await leader.told('unblocked')
    return { tookMs: elected.at - began.at, believed: leads }
  })
}
