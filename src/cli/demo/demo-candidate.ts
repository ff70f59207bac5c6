// A candidate of the demo: `elect run` in its own process, as on a computer of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Stands in for a program that must not run twice. */
const program = `
  process.on('SIGTERM', () => process.exit())
  setInterval(() => undefined, 1000)`

export class DemoCandidate {
  readonly name: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  constructor(name: string, election: string, endpoints: string) {
    this.name = name
    const cli = process.argv[1] ?? ''
    // On a busy computer a term may be lost: --forever makes the candidate campaign again.
    const flags = ['--forever', '--ttl', '2', '--quiet']
    const args = ['run', election, ...flags, '--name', name, '--endpoints', endpoints]
    this.#child = spawn(
      process.execPath,
      [cli, ...args, '--', process.execPath, '-e', program],
      // Detached, so that Ctrl-C reaches only the demo, which then ends its candidates.
      { stdio: ['ignore', 'ignore', 'inherit'], detached: true },
    )
    this.#exited = once(this.#child, 'exit')
  }

  /** Leaves the process no time to give its leadership up. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
  }
}
