// Waits until many elections are won, and reports when that was and how long the event loop was
// blocked.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import type { Taken } from './commands.js'
import { timeOfDay } from './protocol.js'

/** After this long without an election, no more are expected. */
const patienceMs = 5_000
/** Up to this many elections, each is reported. */
const fewest = 100

export class TakingOver {
  readonly #wins: number[] = []
  readonly #loop = monitorEventLoopDelay({ resolution: 1 })

  won(): void {
    this.#wins.push(timeOfDay())
  }

  /** Nothing before this counts. */
  begin(): void {
    this.#loop.reset()
    this.#loop.enable()
  }

  async all(count: number): Promise<Taken> {
    let last = { at: performance.now(), wins: 0 }
    while (this.#wins.length < count && performance.now() < last.at + patienceMs) {
      await pause(5)
      if (this.#wins.length > last.wins) last = { at: performance.now(), wins: this.#wins.length }
    }
    this.#loop.disable()
    return {
      count: this.#wins.length,
      firstAt: this.#wins[0],
      lastAt: this.#wins.at(-1),
      loopMaxMs: this.#loop.max / 1e6,
      ...(count <= fewest && { each: this.#wins }),
    }
  }
}
