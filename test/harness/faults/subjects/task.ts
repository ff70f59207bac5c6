// What a subject's process is told when it is started, and while it runs.

import { createInterface } from 'node:readline'
import type { UptimeOffset } from '../machine-clock.js'

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
  /** A leader steps down by itself after about so long. */
  readonly termMs: number
  /** For a process whose own clocks are faked: see machine-clock.ts. */
  readonly uptimeOffset: UptimeOffset | undefined
}

export type Command =
  | { readonly do: 'block'; readonly ms: number }
  /** Gives the leadership up, if there is one. */
  | { readonly do: 'resign' }
  | { readonly do: 'close' }

export const task = JSON.parse(process.env['FAULTS_TASK'] ?? '{}') as Task

export function onCommand(listener: (command: Command) => void): void {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      listener(JSON.parse(line) as Command)
    })
    // Whoever started us is gone.
    .on('close', () => process.exit(1))
}
