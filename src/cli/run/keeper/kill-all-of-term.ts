// Ends a command whose keeper is gone: by its environment, which names the term, because nobody may be left who knows its
// process. It must not know why the keeper is gone.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** A process that was just forked has not got its environment yet: it is met the second time. */
const quietRounds = 2
const roundMs = 25
/** What cannot be killed (it waits for a disk, or became another user) must not keep us for ever. */
const mostRounds = 80

/** Resolves when nobody is left who was started for this term. Does nothing where there is no /proc. */
export async function killAllOfTerm(term: string): Promise<void> {
  for (let round = 0, quiet = 0; round < mostRounds && quiet < quietRounds; round++) {
    const pids = processesWith(`ELECT_TERM=${term}`)
    quiet = pids.length === 0 ? quiet + 1 : 0
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone meanwhile.
      }
    }
    await pause(roundMs)
  }
}

/** Others than this one, dead ones left out. */
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
