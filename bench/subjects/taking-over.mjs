// Waits for many elections to be won, and tells when that was and how long the event loop was kept from other things.
// It must not know how they are won.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { timeOfDay } from './protocol.mjs'

/** When nobody is elected for so long, nobody will be. */
const patienceMs = 5_000
/** So few that each is told of. */
const fewest = 100

export class TakingOver {
  #wins = []
  #loop = monitorEventLoopDelay({ resolution: 1 })

  won() {
    this.#wins.push(timeOfDay())
  }

  /** Nothing before this counts. */
  begin() {
    this.#loop.reset()
    this.#loop.enable()
  }

  async all(count) {
    let last = { at: performance.now(), wins: 0 }
    while (this.#wins.length < count && performance.now() < last.at + patienceMs) {
      await pause(5)
      if (this.#wins.length > last.wins) last = { at: performance.now(), wins: this.#wins.length }
    }
    this.#loop.disable()
    const [first] = this.#wins
    return {
      count: this.#wins.length,
      firstAt: first,
      lastAt: this.#wins.at(-1),
      loopMaxMs: this.#loop.max / 1e6,
      ...(count <= fewest && { each: this.#wins }),
    }
  }
}
