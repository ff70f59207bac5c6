// Builds the command `elect` into its own folder, and starts it in pipes or on a terminal.

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { until } from './until.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface BuiltCli {
  /** The file that npm links as `elect`. */
  readonly file: string
  /** The folder that holds it and its other files. */
  readonly dir: string
  remove(): void
}

export async function buildCli(): Promise<BuiltCli> {
  // Below the root, so that it finds grpc-js.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const base = mkdtempSync(join(root, '.cache', 'cli-'))
  const dir = join(base, 'dist', 'cli')
  cpSync(join(root, 'package.json'), join(base, 'package.json'))
  const script = pathToFileURL(join(root, 'scripts', 'build-cli.mjs')).href
  const { buildCli: build } = (await import(script)) as { buildCli: (dir: string) => Promise<void> }
  await build(dir)
  return {
    file: join(dir, 'elect.js'),
    dir,
    remove: () => {
      rmSync(base, { recursive: true, force: true })
    },
  }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process of a test, and its output so far. It is killed when the test is over. */
export class Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    stdio: StdioOptions,
  ) {
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio, detached: true })
    this.child.stdout?.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()))
    this.child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()))
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code, signal) => {
        resolve({ code, signal })
      })
    })
    this.ended.catch(() => undefined)
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process was not started')
    return this.child.pid
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Types on the terminal, or writes to the pipe. */
  type(text: string): void {
    this.child.stdin?.write(text)
  }

  async says(text: string | RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    await until(
      () => (typeof text === 'string' ? this[where].includes(text) : text.test(this[where])),
      { what: `${String(text)} in ${where}` },
    ).catch((error: unknown) => {
      throw new Error(`stdout: ${this.stdout}\nstderr: ${this.stderr}`, { cause: error })
    })
  }
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly stdio?: StdioOptions
}

/** Starts the command in pipes. */
export function start(
  { file }: BuiltCli,
  args: readonly string[],
  { env = {}, stdio = ['pipe', 'pipe', 'pipe'] }: StartOptions = {},
): Started {
  const started = new Started(file, args, env, stdio)
  onTestFinished(() => end(started))
  return started
}

/** Starts the command on a terminal of script(1), with the kernel's line discipline in between. */
export function startOnTerminal(
  cli: BuiltCli,
  args: readonly string[],
  { env = {} }: StartOptions = {},
): Started {
  return shellOnTerminal(`exec ${[cli.file, ...args].map(quoted).join(' ')}`, env)
}

export function shellOnTerminal(command: string, env: NodeJS.ProcessEnv = {}): Started {
  const settled = { TERM: 'xterm', NO_COLOR: '', ...env }
  const started = new Started('script', ['-qefc', command, '/dev/null'], settled, 'pipe')
  onTestFinished(() => end(started))
  return started
}

/** Quotes a word for the shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

async function end(started: Started): Promise<void> {
  if (started.isRunning) {
    // The command under script(1) is in another process group; the kernel hangs it up.
    started.kill('SIGCONT')
    started.kill('SIGKILL')
  }
  started.child.stdin?.destroy()
  started.child.stdout?.destroy()
  started.child.stderr?.destroy()
  await started.ended.catch(() => undefined)
}

/** Lists the living children of a process. */
export function childrenOf(pid: number): number[] {
  const file = `/proc/${String(pid)}/task/${String(pid)}/children`
  return existsSync(file)
    ? readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    : []
}

/** Lists the processes whose command lines contain this text. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLineOf(pid).includes(text))
}

/** Finds the keeper of an `elect run`. */
export function keeperOf(pid: number): number {
  const keeper = childrenOf(pid).find((child) => commandLineOf(child).includes('keeper.js'))
  if (keeper === undefined) throw new Error(`process ${String(pid)} has no keeper`)
  return keeper
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Whether the process lives; a dead process that was not reaped does not. */
export function lives(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    return !['Z', 'X'].includes(line.slice(line.lastIndexOf(')') + 2, line.lastIndexOf(')') + 3))
  } catch {
    return false
  }
}
