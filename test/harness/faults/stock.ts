// Waits until everything is well, and writes down what there is then; the oracle judges it.

import { of } from './history.js'
import { now } from './host-clock.js'
import { wait } from './nemesis/fault.js'
import type { World } from './world.js'

const pollIntervalMs = 100

/** Polls a condition; resolves with false when it does not hold in time. */
async function soon(holds: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const giveUpAt = now() + limitMs
  while (now() < giveUpAt) {
    if (await holds()) return true
    await wait(pollIntervalMs)
  }
  return false
}

/**
 * Waits until every candidate has one key and the owner of the oldest believes that it leads.
 * Resolves with false when that takes too long.
 */
export function untilWell(world: World, limitMs: number): Promise<boolean> {
  return soon(async () => {
    const keys = await world.keys().catch(() => [])
    return keys.length === world.candidates.length && world.believed() === keys[0]?.create
  }, limitMs)
}

/** Waits until the observers agree and the leases of dead processes are gone, then counts. */
export async function takeCensus(world: World, limitMs: number): Promise<void> {
  let leases = Infinity
  const lookAtLeases = async (): Promise<number> =>
    (leases = await world.etcd.leases().catch(() => Infinity))
  await soon(
    async () => (await lookAtLeases()) <= world.candidates.length && (await observersAgree(world)),
    limitMs,
  )
  const withinMs = 1_500
  const { watchers, opened } = await quietest(world, withinMs)
  // An etcd that does not answer at the moment is asked again.
  await soon(async () => Number.isFinite(await lookAtLeases()), limitMs)
  world.note({ is: 'census', leases, watchers, opened, withinMs })
  // The oracle checks against what the observers showed last.
  await soon(() => observersAgree(world), limitMs)
}

/**
 * Returns the best of three counts. A leak of streams shows in all of them; a short pause of the
 * host shows in one.
 */
async function quietest(world: World, withinMs: number): ReturnType<typeof count> {
  let best = { watchers: 0, opened: Infinity }
  for (let look = 0; look < 3 && best.opened > 0; look++) {
    const before = await count(world)
    await wait(withinMs)
    const after = await count(world)
    const opened = after.opened - before.opened
    if (opened < best.opened) best = { watchers: after.watchers, opened }
  }
  return best
}

async function observersAgree(world: World): Promise<boolean> {
  const [first] = await world.keys().catch(() => [])
  return world.observers.every(
    (observer) => of(observer.recent(), 'observed').at(-1)?.token === first?.create,
  )
}

const watchers = 'etcd_debugging_mvcc_watcher_total'
const opening = /^grpc_server_started_total\{.*grpc_method="(Watch|LeaseKeepAlive|LeaseGrant)"/

async function count(world: World): Promise<{ watchers: number; opened: number }> {
  let open = 0
  let opened = 0
  for (const { endpoint } of world.cluster.members) {
    for (const [name, value] of await world.etcd.metrics(endpoint)) {
      if (name === watchers) open += value
      else if (opening.test(name)) opened += value
    }
  }
  return { watchers: open, opened }
}
