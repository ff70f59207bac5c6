// One call or stream in progress: who made it, and whether the caller still waits for it.

import type { Metadata } from '../etcd/wire/transport.js'
import type { Caller } from './rpc.js'

export class Call implements Caller {
  readonly metadata: Metadata
  readonly requestBytes: number
  readonly #callbacks = new Set<() => void>()
  #isOver = false

  /**
   * @param requestBytes see {@link Caller.requestBytes}.
   */
  constructor(metadata: Metadata, requestBytes: number) {
    this.metadata = metadata
    this.requestBytes = requestBytes
  }

  get isOver(): boolean {
    return this.#isOver
  }

  onEnd(callback: () => void): () => void {
    this.#callbacks.add(callback)
    return () => {
      this.#callbacks.delete(callback)
    }
  }

  /** The caller no longer waits, for whatever reason. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const callback of [...this.#callbacks]) callback()
    this.#callbacks.clear()
  }
}
