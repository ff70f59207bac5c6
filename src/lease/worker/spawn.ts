// Starts the worker thread that renews leases, and says why it cannot where that is impossible.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ClosableListener, type Companion, type SpawnCompanion } from '../../base/companion.js'
import type { WorkerOrder, WorkerReport } from './protocol.js'
import { Heartbeat } from './shared-memory.js'

export interface WorkerThread extends Companion<WorkerOrder> {
  readonly threadId: number
  /** Beats while the worker's event loop turns. */
  readonly heartbeat: Heartbeat
  /** Ends the worker at once, whatever it is doing. */
  terminate(): void
}

export type SpawnWorker = SpawnCompanion<WorkerThread, WorkerReport>

const program = new URL('./program/worker.js', import.meta.url)

/** Why this process cannot start a worker; undefined when it can. */
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

export const spawnWorker: SpawnWorker = (listener) => {
  const heartbeat = new Heartbeat()
  const closable = new ClosableListener(listener)
  let worker: Worker
  try {
    worker = new Worker(program, {
      name: 'etcd-elect renewal',
      workerData: { heartbeat: heartbeat.buffer },
      // The worker must not load what the main thread loads to instrument or transform its code.
      execArgv: [],
    })
  } catch (error) {
    // Reported later, like any other end: a restart is done in a timer, which would not catch this.
    queueMicrotask(() => {
      closable.ended(String(error))
    })
    return {
      threadId: -1,
      heartbeat,
      send: () => undefined,
      terminate: () => {
        closable.close()
      },
    }
  }
  worker.on('message', (report: WorkerReport) => {
    closable.report(report)
  })
  worker.once('error', (error) => {
    closable.ended(`it failed: ${String(error)}`)
  })
  worker.once('exit', (code) => {
    closable.ended(`it ended with ${String(code)}`)
  })
  // The process does not stay alive for its worker.
  worker.unref()
  return {
    threadId: worker.threadId,
    heartbeat,
    send: (order) => {
      if (!closable.isClosed) worker.postMessage(order)
    },
    terminate: () => {
      closable.close()
      void worker.terminate()
    },
  }
}
