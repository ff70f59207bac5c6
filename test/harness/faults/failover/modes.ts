// What is done to leaders that have a guardian and a worker. Each mode says what came of it; that
// nobody believes wrongly is judged elsewhere.

import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { until } from '../../../support/until.js'
import { now } from '../machine-clock.js'
import type { Random } from '../random.js'
import { followedAfter } from './judge.js'
import { type Candidate, maxStallMs, ttlS, type World } from './world.js'

export interface Outcome {
  /** Until another one led, in milliseconds, when another one had to. */
  readonly followedMs?: number | undefined
  /** Whether it went on leading, when it had to. */
  readonly kept?: boolean
}

export interface Mode {
  readonly name: string
  run(world: World, leader: Candidate, random: Random): Promise<Outcome>
}

const ttlMs = ttlS * 1_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function guardianOf(leader: Candidate): number {
  const last = leader.told('guardian').at(-1)
  if (last === undefined) throw new Error(`expected ${leader.who} to have a guardian`)
  return last.pid
}

/** Another one is elected after this; then the one that was killed comes back. */
async function followed(world: World, leader: Candidate, sinceMs: number): Promise<Outcome> {
  const { who } = leader
  const after = (): number | undefined => followedAfter(world.history(), who, sinceMs)
  await until(() => after() !== undefined, { what: 'the next leader', timeoutMs: 30_000 })
  return { followedMs: after() }
}

async function killed(world: World, leader: Candidate, act: () => unknown): Promise<Outcome> {
  const since = now()
  act()
  await leader.kill()
  const outcome = await followed(world, leader, since)
  leader.restart()
  return outcome
}

/** It goes on leading over a time in which its event loop does not turn. */
async function keptOver(leader: Candidate, command: string, ms: number): Promise<Outcome> {
  const before = leader.told('unblocked').length
  const terms = leader.told('elected').length
  leader.tell(command, ms)
  await until(() => leader.told('unblocked').length > before, {
    what: `${leader.who} to go on`,
    timeoutMs: ms + 30_000,
  })
  const leads = leader.told('unblocked').at(-1)?.leads === true
  return { kept: leads && leader.told('elected').length === terms }
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
      // Now and then before the next one is there.
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
      leader.tell('block', ms)
      const outcome = await followed(world, leader, since)
      await until(() => leader.told('unblocked').length > 0, {
        what: `${leader.who} to go on`,
        timeoutMs: ms + 30_000,
      })
      await wait(200)
      // One that was followed joins again; a life of its own makes what follows easy to read.
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
      for (const thread of leader.told('worker').at(-1)?.threads ?? []) setPriority(thread, 19)
      const spinning = Array.from({ length: 8 }, () =>
        spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
      )
      try {
        await wait(2 * ttlMs)
      } finally {
        for (const child of spinning) child.kill('SIGKILL')
      }
      // Its threads would stay at the end of the line.
      await leader.kill()
      leader.restart()
      // On a machine that is this busy nobody can promise to be kept.
      return {}
    },
  },
  {
    name: 'stop the process',
    async run(world, leader, random) {
      const since = now()
      leader.signal('SIGSTOP')
      const outcome = await followed(world, leader, since)
      await wait(random.between(0, 0.5) * ttlMs)
      leader.signal('SIGCONT')
      await wait(500)
      await leader.kill()
      leader.restart()
      return outcome
    },
  },
]
