// A process that is measured, whatever it is written in: told what to do, and looked at from outside.
// It must not know what is done, nor what comes of it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const goProgram = join(dirname(here), '.cache', 'bench-go')
/** Of the clock that the kernel counts CPU time with (`getconf CLK_TCK` where Linux runs Node.js). */
const tickMs = 10

const commands = {
  ours: (endpoint) => ['ours.mjs', endpoint],
  etcd3: (endpoint) => ['etcd3.mjs', endpoint],
  raw: (endpoint) => ['raw.mjs', endpoint],
}

/** Builds the Go program where Go is; tells why it could not. */
export function buildGo() {
  mkdirSync(dirname(goProgram), { recursive: true })
  const { status, error, stderr } = spawnSync('go', ['build', '-trimpath', '-o', goProgram, '.'], {
    cwd: join(here, 'go'),
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return error === undefined ? stderr.trim().split('\n').at(-1) : 'Go is not installed here'
}

export class Subject {
  #child
  #answers
  #complaint = ''

  /** @param kind `ours`, `etcd3`, `raw` (nested transactions, over our transport) or `Go`. */
  static async start(kind, endpoint) {
    const subject = new Subject(kind, endpoint)
    await subject.#next('to be ready')
    return subject
  }

  constructor(kind, endpoint) {
    const isGo = kind === 'Go'
    const [file, ...args] = isGo ? [goProgram, endpoint] : commands[kind](endpoint)
    this.#child = isGo
      ? spawn(file, args)
      : spawn(process.execPath, ['--expose-gc', join(here, 'subjects', file), ...args])
    this.#child.stderr.on('data', (data) => (this.#complaint += data))
    this.#child.stdin.on('error', () => undefined)
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** Resolves with the answer; rejects when there is none, or when it is late. */
  async ask(command, timeoutMs = 60_000) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    const answer = await this.#next(`to ${command.do}`, timeoutMs)
    if (answer.error !== undefined) throw new Error(`${command.do}: ${answer.error}`)
    return answer
  }

  /** What it has of memory and has used of the CPU; undefined where there is no /proc. */
  usage() {
    return usageOf(this.#child.pid)
  }

  /** Without a word to etcd. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async #next(what, timeoutMs = 60_000) {
    let timer
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${what}: not in ${timeoutMs / 1_000} s`)),
        timeoutMs,
      )
    })
    try {
      const { done, value } = await Promise.race([this.#answers.next(), late])
      if (done) throw new Error(`${what}: the process ended: ${this.#complaint.slice(-500)}`)
      return JSON.parse(value)
    } finally {
      clearTimeout(timer)
    }
  }
}

export function usageOf(pid) {
  const [status, stat] = [`/proc/${pid}/status`, `/proc/${pid}/stat`]
  if (!existsSync(status)) return undefined
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1])
  // The name of the program, in parentheses, may hold anything.
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1).split(' ')
  return { rssMb: rssKb / 1_024, cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs }
}
