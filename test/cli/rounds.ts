// Plays rounds in which several `elect run` campaign in one election while they are killed and
// stopped, and reads what their programs have recorded.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuiltCli, keeperOf, processesNaming, start, type Started } from '../support/cli.js'
import { until } from '../support/until.js'

const program = fileURLToPath(new URL('./programs/beat.sh', import.meta.url))

/** One term, as its program recorded it. Times are in seconds since the computer booted. */
export interface Run {
  readonly token: bigint
  readonly name: string
  readonly first: number
  readonly last: number
  readonly beats: number
}

/** Parses what the programs wrote, in the order of tokens. */
export function parseBeats(text: string): Run[] {
  const runs = new Map<string, Run>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [token = '', name = '', , at = ''] = line.split(' ')
    const now = Number(at)
    const known = runs.get(token)
    runs.set(token, {
      token: BigInt(token),
      name,
      first: Math.min(known?.first ?? now, now),
      last: Math.max(known?.last ?? now, now),
      beats: (known?.beats ?? 0) + 1,
    })
  }
  return [...runs.values()].sort((a, b) => (a.token < b.token ? -1 : 1))
}

/** Finds pairs of runs of which the later one began before the earlier one ended. */
export function overlaps(runs: readonly Run[]): [Run, Run][] {
  return runs.flatMap((earlier, index) =>
    runs
      .slice(index + 1)
      .filter((later) => later.first < earlier.last)
      .map((later): [Run, Run] => [earlier, later]),
  )
}

const faults = ['kill', 'stop', 'stop and kill', 'kill the keeper'] as const

export interface Rounds {
  readonly runs: readonly Run[]
  /** How often each fault was injected. */
  readonly faults: ReadonlyMap<string, number>
}

export async function playRounds({
  cli,
  endpoint,
  dir,
  count,
  random,
  log,
  candidates = 3,
}: {
  cli: BuiltCli
  endpoint: string
  dir: string
  count: number
  random: () => number
  log: (line: string) => void
  candidates?: number
}): Promise<Rounds> {
  const beats = join(dir, 'beats')
  const running = new Map<string, Started>()
  const injected = new Map<string, number>()
  const launch = (name: string): void => {
    const args = [
      'run',
      'rounds',
      '--forever',
      '--ttl',
      '2',
      '--name',
      name,
      '--endpoints',
      endpoint,
    ]
    running.set(name, start(cli, [...args, '--', program, beats], { stdio: 'ignore' }))
  }
  const relaunch = async (name: string): Promise<void> => {
    await running.get(name)?.ended
    launch(name)
  }
  const runs = (): Run[] => (existsSync(beats) ? parseBeats(readFileSync(beats, 'utf8')) : [])
  /** Waits for a term after this one whose program has run for a while. */
  const waitForTerm = async (after: bigint): Promise<Run> => {
    let found: Run | undefined
    await until(
      () => {
        found = runs().at(-1)
        return found !== undefined && found.token > after && found.beats > 5
      },
      { what: `a term after ${String(after)}`, timeoutMs: 30_000 },
    )
    if (found === undefined) throw new Error('unreachable')
    return found
  }
  for (let index = 1; index <= candidates; index++) launch(`c${String(index)}`)
  try {
    let token = 0n
    for (let round = 0; round < count; round++) {
      const leader = await waitForTerm(token)
      token = leader.token
      const victim = running.get(leader.name)
      if (victim === undefined) throw new Error(`an unknown candidate leads: ${leader.name}`)
      const fault = faults[Math.floor(random() * faults.length)] ?? 'kill'
      injected.set(fault, (injected.get(fault) ?? 0) + 1)
      log(`${fault} ${leader.name} in term ${String(token)}`)
      switch (fault) {
        case 'kill':
          victim.kill('SIGKILL')
          await relaunch(leader.name)
          break
        case 'stop':
          victim.kill('SIGSTOP')
          await waitForTerm(token)
          victim.kill('SIGCONT')
          break
        case 'stop and kill':
          victim.kill('SIGSTOP')
          await waitForTerm(token)
          victim.kill('SIGKILL')
          await relaunch(leader.name)
          break
        case 'kill the keeper':
          process.kill(keeperOf(victim.pid), 'SIGKILL')
          await relaunch(leader.name)
          break
        default:
          fault satisfies never
      }
    }
    await waitForTerm(token)
  } finally {
    for (const each of running.values()) {
      each.kill('SIGCONT')
      each.kill('SIGKILL')
    }
    await Promise.all([...running.values()].map(({ ended }) => ended))
    // Their keepers end the programs that still run.
    await until(() => processesNaming(beats).length === 0, { what: 'all programs to end' })
  }
  return { runs: runs(), faults: injected }
}
