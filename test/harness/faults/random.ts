// Numbers that a seed decides, so that a round can be run again. It must not know what they decide.

import { createHash } from 'node:crypto'

export class Random {
  readonly #seed: string
  #drawn = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** From 0 up to, not including, 1. */
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

  /** A row of numbers of its own, which does not depend on how many of others are drawn. */
  for(what: string): Random {
    return new Random(`${this.#seed} ${what}`)
  }
}
