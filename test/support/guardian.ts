// What has to be gone when a test process is, even one that was killed: a directory, and the process that works in it.
// A shell of its own waits at a pipe from this process, which the kernel closes whatever becomes of it.
// It must not know what the process does.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

// Each line is the pid that is to be killed; an empty one: none. What ends a test run at the terminal must not end
// what cleans up after it. The second removal is for files that were made during the first.
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

  /** This process dies with ours. `undefined`: it is gone, and its pid may soon be anybody's. */
  watch(pid: number | undefined): void {
    this.#shell.stdin.write(`${pid === undefined ? '' : String(pid)}\n`)
  }

  /** Now, rather than at the end of this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell.exitCode !== null) return
    const exit = once(this.#shell, 'exit')
    this.#shell.ref()
    this.#shell.stdin.end()
    await exit
  }
}
