// The task of a subject's process, and the commands that it gets while it runs.

import { createInterface } from 'node:readline'
import type { UptimeOffset } from '../host-clock.js'

export interface Task {
  readonly name: string
  readonly election: string
  readonly ttlS: number
  readonly lockDelay: boolean
  /** The ways to the members of etcd, through this process's own proxies. */
  readonly endpoints: readonly string[]
  readonly user: { readonly name: string; readonly password: string }
  readonly log: string
  /** The directory of PostgreSQL's Unix socket. */
  readonly postgres: string | undefined
  /** A leader resigns by itself after about this time. */
  readonly termMs: number
  /** Set for a process whose own clocks are faked: see host-clock.ts. */
  readonly uptimeOffset: UptimeOffset | undefined
}

export type Command =
  | { readonly do: 'block'; readonly ms: number }
  /** Resigns, if it leads. */
  | { readonly do: 'resign' }
  | { readonly do: 'close' }

export const task = JSON.parse(process.env['FAULTS_TASK'] ?? '{}') as Task

export function onCommand(listener: (command: Command) => void): void {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      listener(JSON.parse(line) as Command)
    })
    // The parent process is gone.
    .on('close', () => process.exit(1))
}
