// Starts a devserver in its own process, so that its memory can be measured separately from the
// test's.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

/** What a server holds. */
export interface Counts {
  readonly keys: number
  /** Since the last compaction. */
  readonly changes: number
  readonly leases: number
  /** Only watches that keep up. */
  readonly watches: number
  readonly streams: number
  readonly connections: number
}

export class MeasuredServer implements AsyncDisposable {
  readonly endpoint: string
  readonly #child: ChildProcess

  private constructor(endpoint: string, child: ChildProcess) {
    this.endpoint = endpoint
    this.#child = child
  }

  static async start(): Promise<MeasuredServer> {
    const { outputFiles } = await esbuild.build({
      entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
      write: false,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      logLevel: 'error',
    })
    // The child exits when its channel to this process closes, so it does not outlive this process.
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-'], {
      stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    })
    child.stdin?.end(outputFiles[0]?.contents)
    const port = await answerOf<number>(child)
    return new MeasuredServer(`http://127.0.0.1:${String(port)}`, child)
  }

  counts(): Promise<Counts> {
    return this.#ask('counts')
  }

  /** The memory it uses after a garbage collection. */
  bytes(): Promise<number> {
    return this.#ask('bytes')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#child.connected) return
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }

  async #ask<T>(what: string): Promise<T> {
    const answer = answerOf<T>(this.#child)
    this.#child.send(what)
    return await answer
  }
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const listeners = new AbortController()
  try {
    const [answer] = (await Promise.race([
      once(child, 'message', { signal: listeners.signal }),
      once(child, 'exit', { signal: listeners.signal }).then(([code]) => {
        throw new Error(`the server ended by itself: ${String(code)}`)
      }),
    ])) as [T]
    return answer
  } finally {
    listeners.abort()
  }
}
