// Reads the host's clock, and what /proc says of processes and threads.

import { readdirSync, readFileSync } from 'node:fs'
import type { Ticks } from './task.js'

export interface Memory {
  readonly rss: number
  readonly anonymous: number
  readonly pss: number
}

/** Milliseconds, the same in all processes. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** In kilobytes. */
export function memoryOf(pid: number): Memory {
  const of = (file: string, field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1])
  return {
    rss: of(`/proc/${pid}/status`, 'VmRSS'),
    anonymous: of(`/proc/${pid}/status`, 'RssAnon'),
    pss: of(`/proc/${pid}/smaps_rollup`, 'Pss'),
  }
}

/** CPU time, in ticks of 10 ms. */
export function ticksOf(pid: number): number {
  return ticksIn(`/proc/${pid}/stat`)
}

/** Of this process. */
export function ticksOfThreads(): Ticks {
  return readdirSync('/proc/self/task').map(
    (thread) => [thread, ticksIn(`/proc/self/task/${thread}/stat`)] as const,
  )
}

function ticksIn(file: string): number {
  // The name, in parentheses, may hold anything.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}
