// Limits how many things happen at once. The others wait in a queue.

export class Semaphore {
  #free: number
  readonly #queue = new Set<() => void>()

  constructor(permits: number) {
    this.#free = permits
  }

  /**
   * Undefined when there is room at once; otherwise a promise that resolves when there is. It
   * rejects with `signal.reason` when the signal is aborted while it waits.
   */
  acquire(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free -= 1
      return undefined
    }
    return new Promise((resolve, reject) => {
      const admitted = (): void => {
        signal?.removeEventListener('abort', aborted)
        resolve()
      }
      const aborted = (): void => {
        this.#queue.delete(admitted)
        reject(signal?.reason as Error)
      }
      this.#queue.add(admitted)
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  release(): void {
    const next = this.#queue.values().next()
    if (next.done === true) {
      this.#free += 1
      return
    }
    this.#queue.delete(next.value)
    next.value()
  }
}
