// How long to wait before the next attempt: a growing time with jitter, up to a maximum.

export class Backoff {
  readonly #random: () => number
  readonly #minMs: number
  readonly #maxMs: number
  #tries = 0

  constructor(random: () => number, minMs = 50, maxMs = 1_000) {
    this.#random = random
    this.#minMs = minMs
    this.#maxMs = maxMs
  }

  /** Between half of the current step and all of it, so that many clients do not retry at once. */
  nextMs(): number {
    const step = Math.min(this.#maxMs, this.#minMs * 2 ** this.#tries)
    this.#tries += 1
    return step * (0.5 + this.#random() / 2)
  }

  reset(): void {
    this.#tries = 0
  }
}
