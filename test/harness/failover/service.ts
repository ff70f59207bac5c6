// Starts the service of service.mjs as a process of its own, on the package as users get it. It
// must not know what is tested.

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
  /** Leads until SIGTERM, rather than once. */
  readonly lead?: true
}

/** What it told: the event and what belongs to it. */
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
      // A process group of its own, for those that are killed as a group.
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
      // A child of its own may hold these open.
      this.#child.stdout.destroy()
      this.#child.stderr.destroy()
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('expected the service to run')
    return this.#child.pid
  }

  /** What it wrote to its error output. */
  get complaint(): string {
    return this.#complaint
  }

  /** Its exit code or the signal that ended it, when it is over. */
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

  /** The fact of this kind that it told as the `nth`. */
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

/** Whether there is such a process, and it is more than an entry that nobody has asked for. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
