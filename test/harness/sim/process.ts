// One simulated host with one process: its clocks, and whether it runs. Events for a process that
// is stopped, or whose event loop is blocked, wait until it runs again. Events for a killed process
// are dropped.

import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { Clock } from '../../../src/base/clock.js'
import { asRpcError } from '../../../src/devserver/rpc.js'
import type { StreamSink, Transport } from '../../../src/etcd/wire/transport.js'

/**
 * The shortest timer. Without it, time would stand still when a rounding error is left to wait for.
 */
const minDelayMs = 0.001

export type ProcessState = 'running' | 'stopped' | 'asleep' | 'killed'

export class Process implements Clock {
  readonly name: string
  /** How fast the monotonic clock runs, relative to true time. */
  readonly rate: number
  readonly #time: Clock
  readonly #waiting: (() => void)[] = []
  #state: ProcessState = 'running'
  #sleptMs = 0
  #asleepSinceMs = 0
  #wallAheadMs = 0

  constructor(name: string, time: Clock, rate: number) {
    this.name = name
    this.#time = time
    this.rate = rate
  }

  get state(): ProcessState {
    return this.#state
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  monotonicMs(): number {
    const now = this.#state === 'asleep' ? this.#asleepSinceMs : this.#time.monotonicMs()
    return 1_000 + (now - this.#sleptMs) * this.rate
  }

  wallMs(): number {
    return this.#time.wallMs() * this.rate + this.#wallAheadMs
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    let isOff = false
    let cancel: () => void
    const dueMs = this.monotonicMs() + Math.max(0, delayMs)
    const arm = (): void => {
      const leftMs = Math.max(minDelayMs, (dueMs - this.monotonicMs()) / this.rate)
      cancel = this.#time.setTimer(leftMs, () => {
        this.run(() => {
          if (isOff) return
          // The host slept meanwhile, and its timers stood still.
          if (dueMs - this.monotonicMs() > minDelayMs) arm()
          else callback()
        })
      })
    }
    arm()
    return () => {
      isOff = true
      cancel()
    }
  }

  /** Runs the work now, or when the process runs again; keeps the order. */
  run(work: () => void): void {
    if (this.#state === 'running') work()
    else if (this.#state !== 'killed') this.#waiting.push(work)
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  /** The monotonic clock stands still; the wall clock goes on. */
  sleep(): void {
    if (this.#state !== 'running') return
    this.#asleepSinceMs = this.#time.monotonicMs()
    this.#state = 'asleep'
  }

  /** @param first happens before anything that has waited. */
  resume(first: () => void): void {
    if (this.#state !== 'stopped' && this.#state !== 'asleep') return
    if (this.#state === 'asleep') this.#sleptMs += this.#time.monotonicMs() - this.#asleepSinceMs
    this.#state = 'running'
    first()
    for (const work of this.#waiting.splice(0)) this.run(work)
  }

  kill(): void {
    this.#state = 'killed'
    this.#waiting.length = 0
  }

  stepWallClock(ms: number): void {
    this.#wallAheadMs += ms
  }

  /** Messages that arrive wait until the process runs. */
  receiving(inner: Transport): Transport {
    return {
      unary: (method, request, options) =>
        new Promise((resolve, reject) => {
          inner.unary(method, request, options).then(
            (answer) => {
              this.run(() => {
                resolve(answer)
              })
            },
            (error: unknown) => {
              this.run(() => {
                reject(asRpcError(error))
              })
            },
          )
        }),
      duplex: (method, metadata, sink) => {
        let isOver = false
        const own = this.#receivingSink(sink, () => isOver)
        const stream = inner.duplex(method, metadata, own)
        return {
          send: (message) => {
            stream.send(message)
          },
          cancel: () => {
            isOver = true
            stream.cancel()
          },
        }
      },
      close: () => {
        inner.close()
      },
    }
  }

  #receivingSink<O extends DescMessage>(
    sink: StreamSink<MessageShape<O>>,
    isOver: () => boolean,
  ): StreamSink<MessageShape<O>> {
    const unlessOver = (work: () => void): void => {
      this.run(() => {
        if (!isOver()) work()
      })
    }
    return {
      message: (message) => {
        unlessOver(() => {
          sink.message(message)
        })
      },
      closed: (error) => {
        unlessOver(() => {
          sink.closed(error)
        })
      },
    }
  }
}
