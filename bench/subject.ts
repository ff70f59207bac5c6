// A process that is measured, in whatever language: it takes commands, and is watched from outside.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { program } from './program.js'
import type { Kind } from './result.js'
import { root } from './root.js'
import type { Answer, Command, CommandName } from './subjects/commands.js'

const goProgram = join(root, '.cache', 'bench-go')
/** Of the clock that Linux counts CPU time with (`getconf CLK_TCK`). */
const tickMs = 10

/** Of a process. */
export interface Usage {
  readonly rssMb: number
  readonly cpuMs: number
}

/** Builds the Go program where Go is present; says why when it cannot. */
export function buildGo(): string | undefined {
  mkdirSync(dirname(goProgram), { recursive: true })
  const { status, error, stderr } = spawnSync('go', ['build', '-trimpath', '-o', goProgram, '.'], {
    cwd: join(root, 'bench', 'go'),
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return error === undefined ? stderr.trim().split('\n').at(-1) : 'Go is not installed here'
}

async function commandLine(kind: Kind): Promise<[string, ...string[]]> {
  if (kind === 'Go') return [goProgram]
  return [process.execPath, '--expose-gc', await program(`bench/subjects/${kind}.ts`)]
}

export class Subject {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string, undefined>
  #complaint = ''

  static async start(kind: Kind, endpoint: string): Promise<Subject> {
    const [file, ...args] = await commandLine(kind)
    const subject = new Subject(spawn(file, [...args, endpoint]))
    await subject.#next('to be ready', 60_000)
    return subject
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#child.stderr.on('data', (data: Buffer) => (this.#complaint += data.toString()))
    this.#child.stdin.on('error', () => undefined)
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** Resolves with the answer; rejects when there is none, or when it is late. */
  async ask<K extends CommandName>(command: Command<K>, timeoutMs = 60_000): Promise<Answer<K>> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    const answer = await this.#next(`to ${command.do}`, timeoutMs)
    const { error } = answer as { readonly error?: string }
    if (error !== undefined) throw new Error(`${command.do}: ${error}`)
    return answer as Answer<K>
  }

  /** What it has of memory and has used of the CPU; undefined where there is no /proc. */
  usage(): Usage | undefined {
    return usageOf(this.#child.pid)
  }

  /** Kills the process, which tells etcd nothing. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async #next(what: string, timeoutMs: number): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${what}: not in ${timeoutMs / 1_000} s`))
      }, timeoutMs)
    })
    try {
      const { value } = await Promise.race([this.#answers.next(), late])
      if (value !== undefined) return JSON.parse(value)
      throw new Error(`${what}: the process ended: ${this.#complaint.slice(-500)}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Resolves with the result of the work, and ends the subject. */
export async function withSubject<T>(
  kind: Kind,
  endpoint: string,
  use: (subject: Subject) => Promise<T>,
): Promise<T> {
  const subject = await Subject.start(kind, endpoint)
  try {
    return await use(subject)
  } finally {
    await subject.kill()
  }
}

export function usageOf(pid: number | undefined): Usage | undefined {
  const [status, stat] = [`/proc/${pid ?? ''}/status`, `/proc/${pid ?? ''}/stat`]
  if (!existsSync(status)) return undefined
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1])
  // The name of the program, in parentheses, may hold anything.
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return { rssMb: rssKb / 1_024, cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs }
}

/** What was added meanwhile; NaN where it is unknown. */
export function added(before: Usage | undefined, after: Usage | undefined): Usage {
  const unknown = { rssMb: NaN, cpuMs: NaN }
  const [from, to] = [before ?? unknown, after ?? unknown]
  return { rssMb: to.rssMb - from.rssMb, cpuMs: to.cpuMs - from.cpuMs }
}
