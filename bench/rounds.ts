// Measures one case: ours, others and what nobody can be faster than, in turn, round after round,
// so that whatever else the machine does meets all of them alike. It must not know what they do.

import { setTimeout as pause } from 'node:timers/promises'
import type { BenchCase } from './case.js'
import type { Contender } from './contender.js'
import { requestsOf } from './requests.js'
import type { Measured, Requests } from './result.js'
import type { World } from './world.js'

/**
 * What the one before leaves to be done, as a watch that follows a campaign, is not to be measured
 * with the next one.
 */
const betweenMs = 5
/** By then V8 has compiled what is asked for most. */
const warmUps = 30

interface Entrant extends Contender {
  readonly name: string
  readonly samplesMs: number[]
}

/**
 * Measures all contenders. A case may ask for a rest before it is measured; all are given the same,
 * for what was idle answers later than what was just at work. Who goes first changes from round to
 * round.
 */
export async function measure(
  { contenders: makers, restMs = 0 }: BenchCase,
  world: World,
  rounds: number,
): Promise<Measured[]> {
  const entrants: Entrant[] = []
  const requests = new Map<Entrant, Requests>()
  try {
    for (const [name, make] of Object.entries({ ...makers, ...world.limits() })) {
      const made = await make(world)
      if (made !== undefined) entrants.push({ name, samplesMs: [], ...made })
    }
    for (let round = 0; round < Math.min(warmUps, rounds); round++) {
      await once(entrants, restMs, () => undefined)
    }
    for (const entrant of entrants) requests.set(entrant, await counted(entrant, world.endpoints))
    for (let round = 0; round < rounds; round++) {
      const first = round % entrants.length
      const inTurn = [...entrants.slice(first), ...entrants.slice(0, first)]
      await once(inTurn, restMs, ({ samplesMs }, tookMs) => samplesMs.push(tookMs))
    }
  } finally {
    for (const { close } of entrants) await close?.()
  }
  return entrants.map((entrant) => ({
    name: entrant.name,
    requests: requests.get(entrant) ?? {},
    samplesMs: entrant.samplesMs,
  }))
}

/** Everybody once. Whoever takes its own time, being another program, resolves with that. */
async function once(
  entrants: readonly Entrant[],
  restMs: number,
  took: (entrant: Entrant, tookMs: number) => void,
): Promise<void> {
  for (const { before } of entrants) await before?.()
  if (restMs > 0) await pause(restMs)
  for (const entrant of entrants) {
    await pause(betweenMs)
    const { act, times = 1 } = entrant
    const startedAt = performance.now()
    const acting = act()
    // Waiting for what needs no waiting would be what is measured.
    const own: unknown = acting instanceof Promise ? await acting : undefined
    const tookMs = performance.now() - startedAt
    took(entrant, (typeof own === 'number' ? own : tookMs) / times)
  }
  for (const { after } of entrants) await after?.()
}

async function counted(
  { before, act, after, times = 1 }: Contender,
  endpoints: readonly string[],
): Promise<Requests> {
  await before?.()
  const requests = await requestsOf(endpoints, act)
  await after?.()
  return Object.fromEntries(
    Object.entries(requests).map(([method, count]) => [method, count / times]),
  )
}
