// A clock that stands still until a test advances it. It must not use timers of Node.js, which a
// test framework may have replaced.

import type { Clock } from '../base/clock.js'

/** Saved when this file is loaded, before a test framework can replace it. */
const nodeSetImmediate = setImmediate

/** 2000-01-01: no test mistakes it for the current time. */
const firstWallMs = Date.UTC(2000, 0, 1)

/**
 * Timers without delay that set one another would otherwise keep the clock at one instant for ever.
 */
const maxTimersAtOneInstant = 100_000

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/**
 * A {@link Clock} for tests: time passes only while {@link advance}, {@link advanceUntil} or
 * {@link advanceUntilSettled} runs.
 *
 * {@link TestEtcd} has one. Your own code can use the same one, if it takes a clock.
 */
export class TestClock implements Clock {
  #nowMs = 0
  /** Sorted by time; timers for the same time in the order in which they were set. */
  readonly #timers: Timer[] = []
  #firedAtThisInstant = 0
  #lastTurn: Promise<unknown> = Promise.resolve()

  /** Milliseconds since this clock was created. */
  monotonicMs(): number {
    return this.#nowMs
  }

  /** Milliseconds since 1970. The clock starts at 2000-01-01 00:00 UTC. */
  wallMs(): number {
    return firstWallMs + this.#nowMs
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback }
    const next = this.#timers.findIndex(({ atMs }) => atMs > timer.atMs)
    this.#timers.splice(next < 0 ? this.#timers.length : next, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /**
   * Lets time pass. Timers fire in order, each at its time; after each timer, all promises that can
   * settle do so before the next one fires. Overlapping calls run one after the other.
   *
   * @param ms how much time passes, in milliseconds. With 0, only timers that are already due fire.
   * @throws RangeError when `ms` is negative or not finite.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`advance: expected milliseconds from 0 up, got ${String(ms)}`)
    }
    return this.#runInTurn(() => this.#advanceTo(this.#nowMs + ms))
  }

  /**
   * Lets time pass from timer to timer until a condition holds.
   *
   * @param condition checked after each timer.
   * @param withinMs the maximum time to pass, in milliseconds.
   * @returns how much time passed, in milliseconds.
   * @throws Error when the condition does not hold by then.
   */
  advanceUntil(condition: () => boolean, withinMs: number): Promise<number> {
    return this.#runInTurn(async () => {
      const startMs = this.#nowMs
      await settled()
      while (!condition()) {
        const nextMs = this.#timers[0]?.atMs ?? Infinity
        if (nextMs > startMs + withinMs) {
          await this.#advanceTo(startMs + withinMs)
          if (condition()) break
          throw new Error(
            `advanceUntil: expected the condition to hold within ${String(withinMs)} ms of the test's clock`,
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
   * @param withinMs the maximum time to pass, in milliseconds. Default 60000.
   * @returns what the promise is fulfilled with.
   * @throws what the promise is rejected with; Error when it is not settled by then.
   */
  async advanceUntilSettled<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isSettled = false
    const setSettled = (): void => {
      isSettled = true
    }
    promise.then(setSettled, setSettled)
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
    this.#firedAtThisInstant = timer.atMs > this.#nowMs ? 1 : this.#firedAtThisInstant + 1
    if (this.#firedAtThisInstant > maxTimersAtOneInstant) {
      throw new Error(
        `expected time to pass, but ${String(maxTimersAtOneInstant)} timers fired at one instant: something sets timers without delay for ever`,
      )
    }
    this.#nowMs = timer.atMs
    timer.callback()
    await settled()
  }

  #runInTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work)
    this.#lastTurn = turn.catch(() => undefined)
    return turn
  }
}

/** Resolves after all promises that can settle now, and all that follow from them, have settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    nodeSetImmediate(resolve)
  })
}
