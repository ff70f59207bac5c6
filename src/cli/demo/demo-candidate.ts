// One of the machines of the demo: `elect run` in a process of its own. It must not know the story.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** What stands in for a program that must not run twice. */
const program = `
  process.on('SIGTERM', () => process.exit())
  setInterval(() => undefined, 1000)`

export class DemoCandidate {
  readonly name: string
  readonly #child: ChildProcess
  readonly #gone: Promise<unknown>

  constructor(name: string, election: string, endpoint: string) {
    this.name = name
    const cli = process.argv[1] ?? ''
    // On a machine that is busy with something else a term may be lost; then it campaigns again.
    const how = ['--forever', '--ttl', '2', '--quiet']
    const args = ['run', election, ...how, '--name', name, '--endpoints', endpoint]
    this.#child = spawn(
      process.execPath,
      [cli, ...args, '--', process.execPath, '-e', program],
      // Ctrl-C at the terminal ends the demo, which then ends its machines.
      { stdio: ['ignore', 'ignore', 'inherit'], detached: true },
    )
    this.#gone = once(this.#child, 'exit')
  }

  /** Nobody can say goodbye. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#gone
  }
}
