// Removes a directory, and kills the process that works in it, when the test process ends, even by
// SIGKILL. A shell waits on a pipe from the test process, which the kernel closes in any case.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

// Each line is the pid to kill; an empty line: none. A signal from the terminal ends the test run,
// not its clean-up. The second removal takes files that appeared during the first.
const vigil = `
trap '' HUP INT TERM
while read -r pid; do last=$pid; done
if [ -n "$last" ]; then kill -KILL "$last"; fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }`

export class Guardian {
  readonly #shell: ChildProcessByStdio<Writable, null, null>

  constructor(dir: string) {
    this.#shell = spawn('/bin/sh', ['-c', vigil, 'guardian', dir], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell.unref()
  }

  /**
   * Sets the process to kill. `undefined`: it has ended, and its pid may soon be another process's.
   */
  watch(pid: number | undefined): void {
    this.#shell.stdin.write(`${pid === undefined ? '' : String(pid)}\n`)
  }

  /** Cleans up now rather than at the end of this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell.exitCode !== null) return
    const exit = once(this.#shell, 'exit')
    this.#shell.ref()
    this.#shell.stdin.end()
    await exit
  }
}
