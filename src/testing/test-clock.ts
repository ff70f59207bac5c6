// A clock that stands still until a test turns it. It must not know what is timed, nor use the timers that a test
// framework may have replaced.

import type { Clock } from '../base/clock.js'

/** Taken when this file is loaded, before a test framework puts its own in the place of Node's. */
const nodesSetImmediate = setImmediate

/** 2000-01-01: a time that no test takes for the present one. */
const firstWallMs = Date.UTC(2000, 0, 1)

/** Timers of no delay that set one another would keep the clock at one instant for ever. */
const mostAtOneInstant = 100_000

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/**
 * A {@link Clock} for tests: time passes when {@link advance} is called, and at no other moment.
 *
 * {@link TestEtcd} has one. Code of yours that takes a clock can be given the same one.
 */
export class TestClock implements Clock {
  #nowMs = 0
  /** Earliest first; of those due at the same time, the one that was set first. */
  readonly #timers: Timer[] = []
  #firedNow = 0
  #turning: Promise<unknown> = Promise.resolve()

  /** Milliseconds since this clock was made. */
  monotonicMs(): number {
    return this.#nowMs
  }

  /** Milliseconds since 1970, where this clock began at 2000-01-01 00:00 UTC. */
  wallMs(): number {
    return firstWallMs + this.#nowMs
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback }
    const later = this.#timers.findIndex(({ atMs }) => atMs > timer.atMs)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  /**
   * Lets time pass. Timers fire in order, each at its time; after each one, all promises that can settle do so before
   * the next one fires. Calls that overlap take place one after the other.
   *
   * @param ms how long, in milliseconds. With 0, only what is due already happens.
   * @throws RangeError when `ms` is negative or not finite.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`advance: expected milliseconds from 0 up, got ${String(ms)}`)
    }
    return this.#inTurn(() => this.#advanceTo(this.#nowMs + ms))
  }

  /**
   * Lets time pass from timer to timer until a condition holds.
   *
   * @param condition looked at after each timer.
   * @param withinMs how much time may pass at most, in milliseconds.
   * @returns how much time passed, in milliseconds.
   * @throws Error when the condition does not hold by then.
   */
  advanceUntil(condition: () => boolean, withinMs: number): Promise<number> {
    return this.#inTurn(async () => {
      const startMs = this.#nowMs
      await settled()
      while (!condition()) {
        const nextMs = this.#timers[0]?.atMs ?? Infinity
        if (nextMs > startMs + withinMs) {
          await this.#advanceTo(startMs + withinMs)
          if (condition()) break
          throw new Error(
            `advanceUntil: expected it within ${String(withinMs)} ms of the test's clock, in vain`,
          )
        }
        await this.#fireNext()
      }
      return this.#nowMs - startMs
    })
  }

  /**
   * Lets time pass from timer to timer until a promise is settled.
   *
   * @param withinMs how much time may pass at most, in milliseconds. Default 60000.
   * @returns what the promise is fulfilled with.
   * @throws what it is rejected with; Error when it is not settled by then.
   */
  async advanceUntilSettled<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isSettled = false
    const note = (): void => {
      isSettled = true
    }
    promise.then(note, note)
    await this.advanceUntil(() => isSettled, withinMs)
    return promise
  }

  async #advanceTo(endMs: number): Promise<void> {
    await settled()
    while ((this.#timers[0]?.atMs ?? Infinity) <= endMs) await this.#fireNext()
    this.#nowMs = endMs
  }

  async #fireNext(): Promise<void> {
    const timer = this.#timers.shift()
    if (timer === undefined) return
    this.#firedNow = timer.atMs > this.#nowMs ? 1 : this.#firedNow + 1
    if (this.#firedNow > mostAtOneInstant) {
      throw new Error(
        `expected time to pass, but ${String(mostAtOneInstant)} timers fired at one instant: something sets timers without delay for ever`,
      )
    }
    this.#nowMs = timer.atMs
    timer.callback()
    await settled()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turning.then(work)
    this.#turning = turn.catch(() => undefined)
    return turn
  }
}

/** After all promises that can settle now, and all that follows from them, have settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    nodesSetImmediate(resolve)
  })
}
