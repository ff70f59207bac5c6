// One candidate or observer: a process that starts again after a kill, with a network of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Guardian } from '../../support/guardian.js'
import { Proxy } from '../../support/proxy.js'
import type { FakeClock } from './fake-clock.js'
import { type Entry, parse } from './history.js'
import { measureUptimeOffset } from './host-clock.js'
import type { Command, Task } from './subjects/task.js'

export interface SubjectOptions {
  readonly program: string
  readonly task: Omit<Task, 'endpoints' | 'log' | 'uptimeOffset'>
  /** Its own directory, removed in the end. */
  readonly dir: string
  readonly members: readonly {
    readonly port: number
    readonly host: { readonly address: string }
  }[]
  readonly clock: FakeClock | undefined
}

export class Subject {
  readonly proxies: readonly Proxy[]
  readonly #options: SubjectOptions
  /** A stopped process would not notice that this one is gone. */
  readonly #guardian: Guardian
  #child: ChildProcess | undefined
  #starts = 0

  private constructor(options: SubjectOptions, proxies: Proxy[]) {
    this.#options = options
    this.#guardian = new Guardian(options.dir)
    this.proxies = proxies
  }

  static async start(options: SubjectOptions): Promise<Subject> {
    mkdirSync(options.dir)
    const proxies = options.members.map(({ port, host }) => Proxy.before(port, host.address))
    const subject = new Subject(options, await Promise.all(proxies))
    subject.start()
    return subject
  }

  get name(): string {
    return this.#options.task.name
  }

  /** Names the present process in the history. */
  get who(): string {
    return `${this.name}#${String(this.#starts)}`
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** Its clocks, where they can be set. */
  get clock(): FakeClock | undefined {
    return this.#options.clock
  }

  start(): void {
    this.#starts += 1
    const { clock, program } = this.#options
    const task: Task = {
      ...this.#options.task,
      endpoints: this.proxies.map(({ endpoint }) => endpoint),
      log: this.#logOf(this.#starts),
      uptimeOffset: clock?.all === true ? measureUptimeOffset() : undefined,
    }
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      env: { ...process.env, ...clock?.env, FAULTS_TASK: JSON.stringify(task) },
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    // Commands to a process that is being killed may get lost.
    child.stdin.on('error', () => undefined)
    child.once('exit', () => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#guardian.watch(undefined)
    })
    this.#child = child
    this.#guardian.watch(child.pid)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  send(command: Command): void {
    this.#child?.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  /** Resolves when the process has ended: by itself or, after this time, by force. */
  async close(withinMs: number): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    this.send({ do: 'close' })
    const force = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await gone
    clearTimeout(force)
  }

  history(): Entry[] {
    const all: Entry[] = []
    for (let start = 1; start <= this.#starts; start++) {
      const who = `${this.name}#${String(start)}`
      try {
        all.push(...parse(readFileSync(this.#logOf(start), 'utf8'), who))
      } catch {
        // It was killed before it wrote a line.
      }
    }
    return all
  }

  /** The last entries of the present process. */
  recent(): Entry[] {
    const most = 16_384
    try {
      const file = openSync(this.#logOf(this.#starts), 'r')
      try {
        const { size } = fstatSync(file)
        const from = Math.max(0, size - most)
        const bytes = Buffer.alloc(size - from)
        readSync(file, bytes, 0, bytes.length, from)
        const lines = bytes.toString()
        return parse(from === 0 ? lines : lines.slice(lines.indexOf('\n') + 1), this.who)
      } finally {
        closeSync(file)
      }
    } catch {
      return []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#guardian[Symbol.asyncDispose]()
    await Promise.all(this.proxies.map((proxy) => proxy[Symbol.asyncDispose]()))
  }

  #logOf(start: number): string {
    return join(this.#options.dir, `${String(start)}.log`)
  }
}
