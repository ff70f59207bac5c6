// Measures one case: ours, others and what nobody can be faster than, in turn, round after round, so that whatever else
// the machine does meets all of them alike. It must not know what they do.
import { setTimeout as pause } from 'node:timers/promises'
import { requestsOf } from './requests.mjs'

/** What the one before leaves to be done, as a watch that follows a campaign, is not to be measured with the next one. */
const betweenMs = 5
/** By then V8 has compiled what is asked for most. */
const warmUps = 30

/**
 * Resolves with `[{ name, requests, samplesMs }]`. A case may ask for a rest before it is measured; all are given the
 * same, for what was idle answers later than what was just at work. Who goes first changes from round to round.
 */
export async function measure({ contenders: makers, restMs = 0 }, world, rounds) {
  const contenders = []
  try {
    for (const [name, make] of Object.entries({ ...makers, ...world.limits() })) {
      const made = await make(world)
      if (made !== undefined) contenders.push({ name, samplesMs: [], ...made })
    }
    for (let round = 0; round < Math.min(warmUps, rounds); round++)
      await once(contenders, restMs, () => undefined)
    for (const contender of contenders) contender.requests = await counted(contender, world)
    for (let round = 0; round < rounds; round++) {
      const first = round % contenders.length
      const inTurn = [...contenders.slice(first), ...contenders.slice(0, first)]
      await once(inTurn, restMs, ({ samplesMs }, tookMs) => samplesMs.push(tookMs))
    }
  } finally {
    for (const { close } of contenders) await close?.()
  }
  return contenders.map(({ name, requests, samplesMs }) => ({ name, requests, samplesMs }))
}

/** Everybody once. Whoever takes its own time, because it is another program, resolves with that. */
async function once(contenders, restMs, took) {
  for (const { before } of contenders) await before?.()
  if (restMs > 0) await pause(restMs)
  for (const contender of contenders) {
    await pause(betweenMs)
    const { act, times = 1 } = contender
    const startedAt = performance.now()
    const acting = act()
    // Waiting for what needs no waiting would be what is measured.
    const own = acting instanceof Promise ? await acting : undefined
    const tookMs = performance.now() - startedAt
    took(contender, (typeof own === 'number' ? own : tookMs) / times)
  }
  for (const { after } of contenders) await after?.()
}

async function counted({ before, act, after, times = 1 }, { endpoints }) {
  await before?.()
  const requests = await requestsOf(endpoints, act)
  await after?.()
  return Object.fromEntries(
    Object.entries(requests).map(([method, count]) => [method, count / times]),
  )
}
