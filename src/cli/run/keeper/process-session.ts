// All processes of one session, as one thing that can be signalled, and that is gone when the last of them is.
// A session rather than its first process group, because programs with job control (`sh -m`) make groups of their own.
// It must not know why they are signalled.

import { readdirSync, readFileSync } from 'node:fs'

/** What `ps` calls PGID, SESS and STAT, of one line of /proc/PID/stat. */
export function parseStat(line: string): { group: number; session: number; isAlive: boolean } {
  // The name of the program stands in brackets and may hold anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return {
    group: Number(fields[2]),
    session: Number(fields[3]),
    isAlive: !['Z', 'X', 'x'].includes(fields[0] ?? ''),
  }
}

export class ProcessSession {
  readonly id: number

  /** @param id of the process that began the session, and of its first group. */
  constructor(id: number) {
    this.id = id
  }

  /** To everybody in it. Those who are gone already, or belong to somebody else, are passed over. */
  signal(signal: NodeJS.Signals): void {
    const strays = this.#members()?.filter(({ group }) => group !== this.id) ?? []
    tryKill(-this.id, signal)
    for (const { pid } of strays) tryKill(pid, signal)
  }

  /** Whether nobody is left who could do anything. What is dead and not yet reaped cannot. */
  isGone(): boolean {
    const members = this.#members()
    return members === undefined ? !tryKill(-this.id, 0) : members.length === 0
  }

  /** Undefined where there is no /proc to look into. */
  #members(): { pid: number; group: number }[] | undefined {
    let names: string[]
    try {
      names = readdirSync('/proc')
    } catch {
      return undefined
    }
    const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
    if (!pids.includes(process.pid)) return undefined
    return pids.flatMap((pid) => {
      try {
        const { group, session, isAlive } = parseStat(
          readFileSync(`/proc/${String(pid)}/stat`, 'utf8'),
        )
        return session === this.id && isAlive ? [{ pid, group }] : []
      } catch {
        return []
      }
    })
  }
}

function tryKill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    // EPERM: there is somebody, whom we may not signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
