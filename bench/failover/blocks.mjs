// What becomes of a leader whose event loop is blocked: for less than it may be, and for more.
import { randomUUID } from 'node:crypto'
import { now, Service } from './service-process.mjs'

async function pair({ endpoint, library, session }, index) {
  const election = `blocks-${index}-${randomUUID()}`
  const start = (name) => new Service({ library, endpoint, election, name, session })
  const services = [start('leader'), start('next')]
  const close = () => Promise.all(services.map((service) => service.kill()))
  try {
    // Whichever of the two it is.
    await Promise.race(services.map((service) => service.told('elected')))
    await Promise.all(services.map((service) => service.told('open')))
    if (session.renewal === 'worker') await Promise.all(services.map((each) => each.told('worker')))
    return { services, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Who leads now: with a short TTL, starting so many processes at once may have cost somebody the leadership. */
async function ranked([one, other]) {
  for (;;) {
    for (const [leader, next] of [
      [one, other],
      [other, one],
    ]) {
      const askedAt = now()
      leader.tell('look')
      if ((await leader.told('looked', askedAt)).leads) return { leader, next }
    }
  }
}

/** So many at a time; nobody is blocked before all of them have started, and none is started while others are blocked. */
async function inBatches({ count, width, blockMs, how, ...task }, one) {
  const results = []
  while (results.length < count) {
    const size = Math.min(width, count - results.length)
    const pairs = await Promise.all(Array.from({ length: size }, (_, index) => pair(task, index)))
    try {
      const block = async ({ services }) => {
        const { leader, next } = await ranked(services)
        const since = now()
        leader.tell(how, blockMs)
        return one({ leader, next, since })
      }
      results.push(...(await Promise.all(pairs.map(block))))
    } finally {
      await Promise.all(pairs.map(({ close }) => close()))
    }
  }
  return results
}

/** How many of `count` leaders still lead after a block, with nobody else elected meanwhile. */
export async function kept(task) {
  const outcomes = await inBatches(task, async ({ leader, next, since }) => {
    const { leads } = await leader.told('unblocked')
    return leads && !next.has('elected', since)
  })
  return outcomes.filter(Boolean).length
}

/**
 * For each leader that is blocked for longer than it may be: when the next one was elected, counted from the beginning of
 * the block, and whether it believed that it led at its first look after the block.
 */
export function handedOver(task) {
  return inBatches(task, async ({ leader, next, since }) => {
    const began = await leader.told('blocking')
    const elected = await next.told('elected', since)
    const { leads } = await leader.told('unblocked')
    return { tookMs: elected.at - began.at, believed: leads }
  })
}
