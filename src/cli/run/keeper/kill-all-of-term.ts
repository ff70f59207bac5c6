// Kills a command whose keeper is gone. Finds its processes by their environment, which names the
// term, because perhaps only the keeper knew them.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** A process that was just forked has no environment yet. The second round finds it. */
const quietRounds = 2
const roundMs = 25
/** A process that cannot be killed (it waits for a disk, or changed its user) must not block us. */
const maxRounds = 80

/** Resolves when no process of this term is left. Does nothing where there is no /proc. */
export async function killAllOfTerm(term: string): Promise<void> {
  for (let round = 0, quiet = 0; round < maxRounds && quiet < quietRounds; round++) {
    const pids = processesWith(`ELECT_TERM=${term}`)
    quiet = pids.length === 0 ? quiet + 1 : 0
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended meanwhile.
      }
    }
    await pause(roundMs)
  }
}

/** Excludes this process and dead ones. */
function processesWith(variable: string): number[] {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  const wanted = Buffer.from(`\0${variable}\0`)
  return names
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`)
        return Buffer.concat([Buffer.of(0), environment]).includes(wanted)
      } catch {
        return false
      }
    })
    .map(Number)
}
