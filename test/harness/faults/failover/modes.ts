// What happens to leaders that have a guardian and a renewal worker. Each mode returns its outcome;
// judge.ts looks for wrong beliefs.

import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { until } from '../../../support/until.js'
import { now } from '../host-clock.js'
import type { Random } from '../random.js'
import { nextElectionAfter } from './judge.js'
import { type Candidate, maxStallMs, ttlS, type World } from './world.js'

export interface Outcome {
  /** Milliseconds until another candidate led, where another one had to. */
  readonly followedMs?: number | undefined
  /** Whether the leader went on leading, where it had to. */
  readonly kept?: boolean
}

export interface Mode {
  readonly name: string
  run(world: World, leader: Candidate, random: Random): Promise<Outcome>
}

const ttlMs = ttlS * 1_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function guardianOf(leader: Candidate): number {
  const last = leader.noted('guardian').at(-1)
  if (last === undefined) throw new Error(`expected ${leader.who} to have a guardian`)
  return last.pid
}

/** Kills the leader, waits until another candidate is elected, and starts the killed one again. */
async function untilTakenOver(world: World, leader: Candidate, sinceMs: number): Promise<Outcome> {
  const { who } = leader
  const after = (): number | undefined => nextElectionAfter(world.history(), who, sinceMs)
  await until(() => after() !== undefined, { what: 'the next leader', timeoutMs: 30_000 })
  return { followedMs: after() }
}

async function killed(world: World, leader: Candidate, act: () => unknown): Promise<Outcome> {
  const since = now()
  act()
  await leader.kill()
  const outcome = await untilTakenOver(world, leader, since)
  leader.restart()
  return outcome
}

/** Blocks the leader's event loop; reports whether it went on leading. */
async function keptOver(leader: Candidate, command: string, ms: number): Promise<Outcome> {
  const before = leader.noted('unblocked').length
  const terms = leader.noted('elected').length
  leader.send(command, ms)
  await until(() => leader.noted('unblocked').length > before, {
    what: `${leader.who} to go on`,
    timeoutMs: ms + 30_000,
  })
  const leads = leader.noted('unblocked').at(-1)?.leads === true
  return { kept: leads && leader.noted('elected').length === terms }
}

export const modes: readonly Mode[] = [
  {
    name: 'kill the leader',
    run: (world, leader) => killed(world, leader, () => undefined),
  },
  {
    name: 'kill its guardian first',
    async run(world, leader, random) {
      process.kill(guardianOf(leader), 'SIGKILL')
      // Sometimes the kill comes before the next guardian has started.
      await wait(random.between(0, 400))
      return killed(world, leader, () => undefined)
    },
  },
  {
    name: 'kill both together',
    run: (world, leader) =>
      killed(world, leader, () => process.kill(guardianOf(leader), 'SIGKILL')),
  },
  {
    name: 'hang a member at that moment',
    async run(world, leader, random) {
      const member = random.pick(await world.cluster.followers())
      await member.pause()
      try {
        return await killed(world, leader, () => undefined)
      } finally {
        member.resume()
        await member.ready()
      }
    },
  },
  {
    name: 'stall for less than it may',
    run: (_world, leader, random) =>
      keptOver(leader, 'block', random.between(0.3, 0.9) * maxStallMs),
  },
  {
    name: 'stall for longer',
    async run(world, leader, random) {
      const since = now()
      const ms = maxStallMs + random.between(1.6, 3) * ttlMs
      leader.send('block', ms)
      const outcome = await untilTakenOver(world, leader, since)
      await until(() => leader.noted('unblocked').length > 0, {
        what: `${leader.who} to go on`,
        timeoutMs: ms + 30_000,
      })
      await wait(200)
      // The old leader joins again by itself; a new process keeps the history easy to read.
      await leader.kill()
      leader.restart()
      return outcome
    },
  },
  {
    name: 'collect garbage for long',
    run: (_world, leader, random) =>
      keptOver(leader, 'collect', random.between(0.3, 0.6) * maxStallMs),
  },
  {
    name: 'starve the worker',
    async run(_world, leader) {
      for (const thread of leader.noted('worker').at(-1)?.threads ?? []) setPriority(thread, 19)
      const spinning = Array.from({ length: 8 }, () =>
        spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
      )
      try {
        await wait(2 * ttlMs)
      } finally {
        for (const child of spinning) child.kill('SIGKILL')
      }
      // Its threads would keep their low priority.
      await leader.kill()
      leader.restart()
      // On a host this busy no leader can be sure to keep its leadership.
      return {}
    },
  },
  {
    name: 'stop the process',
    async run(world, leader, random) {
      const since = now()
      leader.signal('SIGSTOP')
      const outcome = await untilTakenOver(world, leader, since)
      await wait(random.between(0, 0.5) * ttlMs)
      leader.signal('SIGCONT')
      await wait(500)
      await leader.kill()
      leader.restart()
      return outcome
    },
  },
]
