// Measures one case: all subjects in turn, round after round, so that other load on the host meets
// all of them alike.

import { setTimeout as pause } from 'node:timers/promises'
import type { BenchCase } from './case.js'
import type { Contender } from './contender.js'
import { requestsOf } from './requests.js'
import type { Measured, Requests } from './result.js'
import type { World } from './world.js'

/**
 * Keeps the leftover work of one subject, such as a watch after a campaign, out of the next one's
 * measurement.
 */
const betweenMs = 5
/** After this many runs V8 has compiled the hot code. */
const warmUps = 30

interface Entrant extends Contender {
  readonly name: string
  readonly samplesMs: number[]
}

/**
 * Measures all subjects of a case. When the case asks for a rest, all subjects get the same: after
 * a rest, answers take longer. Each round begins with another subject.
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

/**
 * Runs each subject once. A subject that is another program measures its own time, and resolves
 * with it.
 */
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
    // Awaiting a synchronous result would be part of the measured time.
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
