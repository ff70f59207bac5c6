// Starts service.mjs in a process of its own, on the package as users get it.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { EtcdOptions, SessionOptions } from '../../../src/index.js'
import type { InstalledPackage } from '../../docs/package.js'
import { until } from '../../support/until.js'

export interface Task {
  readonly name: string
  readonly election: string
  readonly etcd: Pick<EtcdOptions, 'endpoints' | 'user' | 'password'>
  readonly session: Omit<SessionOptions, 'leaseId' | 'healthy'> & { readonly healthy?: true }
  /** Calls `lead()` until SIGTERM, instead of one `campaign()`. */
  readonly lead?: true
}

/** What the service reported: an event and its details. */
export type Fact = Readonly<Record<string, unknown>> & { readonly event: string }

export class Service {
  readonly facts: Fact[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  #complaint = ''
  #end: string | undefined

  constructor({ dir }: InstalledPackage, task: Task, flags: readonly string[] = []) {
    const program = join(dir, 'service.mjs')
    copyFileSync(fileURLToPath(new URL('./service.mjs', import.meta.url)), program)
    this.#child = spawn(process.execPath, [...flags, program, JSON.stringify(task)], {
      // A process group of its own, for tests that kill the whole group.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stderr.on('data', (bytes) => (this.#complaint += String(bytes)))
    createInterface(this.#child.stdout).on('line', (line) => {
      this.facts.push(JSON.parse(line) as Fact)
    })
    this.#child.once('exit', (code, signal) => (this.#end = String(signal ?? code)))
    onTestFinished(() => {
      this.#child.kill('SIGKILL')
      // A child of the service may hold these open.
      this.#child.stdout.destroy()
      this.#child.stderr.destroy()
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('expected the service to run')
    return this.#child.pid
  }

  /** What the service wrote to its error output. */
  get complaint(): string {
    return this.#complaint
  }

  /** The exit code, or the signal that ended the service; undefined while it runs. */
  get end(): string | undefined {
    return this.#end
  }

  tell(command: string, value?: unknown): void {
    this.#child.stdin.write(`${JSON.stringify([command, value])}\n`)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  count(event: string): number {
    return this.facts.filter((fact) => fact.event === event).length
  }

  /** Resolves with the `nth` report of this event. */
  async told(event: string, nth = 1): Promise<Fact> {
    const what = `'${event}' (${String(nth)})`
    await until(() => this.count(event) >= nth, { what, timeoutMs: 60_000 }).catch(
      (cause: unknown) => {
        const story = this.facts.map((fact) => JSON.stringify(fact)).join('\n')
        throw new Error(`${String(cause)}:\n${story}\n${this.#complaint}`, { cause })
      },
    )
    return this.facts.filter((fact) => fact.event === event)[nth - 1] ?? { event }
  }

  async ended(): Promise<string> {
    await until(() => this.#end !== undefined, { what: 'the service to end' })
    return this.#end ?? ''
  }
}

/** Whether there is such a process; a dead process that was not reaped yet counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
