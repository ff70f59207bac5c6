// All processes of one session, signalled together, and gone when the last of them is. A session
// rather than its first process group, because programs with job control (`sh -m`) make groups of
// their own.

import { readdirSync, readFileSync } from 'node:fs'

/** Reads what `ps` calls PGID, SESS and STAT from a line of /proc/PID/stat. */
export function parseStat(line: string): { group: number; session: number; isAlive: boolean } {
  // The program's name stands in brackets and may contain anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return {
    group: Number(fields[2]),
    session: Number(fields[3]),
    isAlive: !['Z', 'X', 'x'].includes(fields[0] ?? ''),
  }
}

export class ProcessSession {
  readonly id: number

  /** @param id the pid of the process that began the session, and the id of its first group. */
  constructor(id: number) {
    this.id = id
  }

  /** Signals all processes of the session. Skips those that are gone or belong to another user. */
  signal(signal: NodeJS.Signals): void {
    const others = this.#processes()?.filter(({ group }) => group !== this.id) ?? []
    tryKill(-this.id, signal)
    for (const { pid } of others) tryKill(pid, signal)
  }

  /** Whether no process is left that could do anything. A dead one that is not reaped cannot. */
  isGone(): boolean {
    const processes = this.#processes()
    return processes === undefined ? !tryKill(-this.id, 0) : processes.length === 0
  }

  /** Undefined where there is no /proc. */
  #processes(): { pid: number; group: number }[] | undefined {
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
    // EPERM: the process is there, but we may not signal it.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
