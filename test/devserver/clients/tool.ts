// Runs a command-line client against one server, to its end or until a test stops it.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { until } from '../../support/until.js'

export interface ExitResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A running client. */
export class RunningClient {
  readonly #child: ChildProcessWithoutNullStreams
  readonly ended: Promise<ExitResult>
  stdout = ''
  stderr = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('latin1')))
    // A client may exit before it has read its input.
    child.stdin.on('error', () => undefined)
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve({ code: code ?? -1, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  /** Waits until the client has printed this many lines. */
  async lines(count: number): Promise<readonly string[]> {
    await until(() => this.stdout.split('\n').length > count, {
      what: `${String(count)} lines, so far: ${this.stdout}${this.stderr}`,
    })
    return this.stdout.split('\n').slice(0, count)
  }

  type(text: string): void {
    this.#child.stdin.write(text)
  }

  async stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<ExitResult> {
    this.#child.kill(signal)
    return await this.ended
  }
}

export class CommandLineClient {
  readonly #command: string
  readonly #args: readonly string[]
  readonly #running = new Set<RunningClient>()

  constructor(command: string, args: readonly string[]) {
    this.#command = command
    // The default timeouts are shorter than a machine may stall.
    this.#args = ['--dial-timeout=30s', '--command-timeout=30s', ...args]
  }

  start(...args: string[]): RunningClient {
    const child = spawn(this.#command, [...this.#args, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    })
    const running = new RunningClient(child)
    this.#running.add(running)
    void running.ended.finally(() => this.#running.delete(running)).catch(() => undefined)
    return running
  }

  async run(args: readonly string[], stdin = ''): Promise<ExitResult> {
    const child = spawn(this.#command, [...this.#args, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    })
    const running = new RunningClient(child)
    child.stdin.end(stdin)
    return await running.ended
  }

  /** Kills all clients that a test left running. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop('SIGKILL')))
  }
}
