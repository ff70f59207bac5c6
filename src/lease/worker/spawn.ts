// Starts the worker thread that renews leases, and says where none can be. It must not know what the worker is told.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { WorkerReport, WorkerOrder, WorkerReady } from './protocol.js'
import { Heartbeat } from './shared-memory.js'

export interface WorkerThread {
  readonly threadId: number
  /** Beats while the worker's event loop turns. */
  readonly heartbeat: Heartbeat
  tell(order: WorkerOrder): void
  /** Ends it at once, whatever it does. */
  terminate(): void
}

export interface WorkerThreadListener {
  up(): void
  news(news: WorkerReport): void
  /** Called once, unless it was terminated from here. */
  gone(reason: string): void
}

export type StartWorker = (listener: WorkerThreadListener) => WorkerThread

const program = new URL('./program/worker.js', import.meta.url)

/** Why no worker can be started by this process; undefined when one can. */
export function whyNoWorkerThread(): string | undefined {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission?.has('worker') === false) {
    return 'Node.js’s permission model lets this process start no worker thread (--allow-worker)'
  }
  if (!existsSync(fileURLToPath(program))) {
    return 'the program of the worker is not beside the library: leave etcd-elect out of the bundle'
  }
  return undefined
}

export const startWorker: StartWorker = (listener) => {
  const heartbeat = new Heartbeat()
  let over = false
  const gone = (reason: string): void => {
    if (over) return
    over = true
    listener.gone(reason)
  }
  const terminated = (): void => {
    over = true
  }
  let worker: Worker
  try {
    // What the main thread loads at its start, to instrument or to transform it, is not for the worker.
    worker = new Worker(program, {
      name: 'etcd-elect renewal',
      workerData: { heartbeat: heartbeat.buffer },
      execArgv: [],
    })
  } catch (error) {
    // Told later, like any other end: whoever starts it again does so in a timer, where nobody would catch this.
    queueMicrotask(() => {
      gone(String(error))
    })
    return { threadId: -1, heartbeat, tell: () => undefined, terminate: terminated }
  }
  worker.on('message', (message: WorkerReport | WorkerReady) => {
    if (over) return
    if (message.is === 'up') listener.up()
    else listener.news(message)
  })
  worker.once('error', (error) => {
    gone(`it failed: ${String(error)}`)
  })
  worker.once('exit', (code) => {
    gone(`it ended with ${String(code)}`)
  })
  // Nobody stays alive for the sake of it.
  worker.unref()
  return {
    threadId: worker.threadId,
    heartbeat,
    tell: (order) => {
      if (!over) worker.postMessage(order)
    },
    terminate: () => {
      terminated()
      void worker.terminate()
    },
  }
}
