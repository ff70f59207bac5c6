// How long to wait before trying again: jittered, growing, capped. It must not know what is tried.

export class Backoff {
  readonly #random: () => number
  readonly #firstMs: number
  readonly #longestMs: number
  #tries = 0

  constructor(random: () => number, firstMs = 50, longestMs = 1_000) {
    this.#random = random
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** Somewhere between half of the present step and all of it, so that many clients do not come back together. */
  nextMs(): number {
    const step = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#tries)
    this.#tries += 1
    return step * (0.5 + this.#random() / 2)
  }

  reset(): void {
    this.#tries = 0
  }
}
