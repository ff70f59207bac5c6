// A bound on how many things happen at once; the others wait in line. It must not know what they are.

export class Semaphore {
  #free: number
  readonly #queue = new Set<() => void>()

  constructor(width: number) {
    this.#free = width
  }

  /** Resolves when there is room. Rejects with `signal.reason` when the signal is aborted in line. */
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
