// A bound on how many things happen at once; the others wait in line. It must not know what they are.

export class Gate {
  #free: number
  readonly #line = new Set<() => void>()

  constructor(width: number) {
    this.#free = width
  }

  /** Resolves when there is room. Rejects with `signal.reason` when the signal is aborted in line. */
  enter(signal?: AbortSignal): Promise<void> | undefined {
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
        this.#line.delete(admitted)
        reject(signal?.reason as Error)
      }
      this.#line.add(admitted)
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  leave(): void {
    const next = this.#line.values().next()
    if (next.done === true) {
      this.#free += 1
      return
    }
    this.#line.delete(next.value)
    next.value()
  }
}
