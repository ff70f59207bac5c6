// Random numbers from a seed, so that a round can be drawn again.

import { createHash } from 'node:crypto'

export class Random {
  readonly #seed: string
  #drawn = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** Returns a number from 0 up to, but not including, 1. */
  readonly next = (): number => {
    const hash = createHash('sha256').update(`${this.#seed} ${String(this.#drawn++)}`)
    return hash.digest().readUInt32BE() / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.next() * from.length)]
    if (picked === undefined) throw new Error('expected something to pick from')
    return picked
  }

  /** Returns an independent sequence: it does not change with how many numbers others draw. */
  for(what: string): Random {
    return new Random(`${this.#seed} ${what}`)
  }
}
