// Keeps one companion running: starts it, and starts it again after a pause when it ends.

import { Backoff } from './backoff.js'
import type { Clock } from './clock.js'
import type { SpawnCompanion } from './companion.js'

/** What becomes of a supervised companion. None of these may throw. */
export interface SupervisionListener<Report> {
  /** A companion was started, for the first time or again. It knows nothing yet. */
  started(): void
  report(report: Report): void
  /** The companion ended, and the next one will be started after a pause. */
  lost(reason: string): void
}

const firstPauseMs = 50
const maxPauseMs = 5_000
/** A companion that lived this long did not die of something that kills the next one at once. */
const lastingMs = 10_000

export class SupervisedCompanion<C, Report> {
  readonly #spawn: SpawnCompanion<C, Report>
  readonly #listener: SupervisionListener<Report>
  readonly #clock: Clock
  readonly #backoff: Backoff
  #running: C | undefined
  #startedAtMs = 0
  #cancelRestart: (() => void) | undefined

  constructor(
    spawn: SpawnCompanion<C, Report>,
    listener: SupervisionListener<Report>,
    clock: Clock,
    random: () => number,
  ) {
    this.#spawn = spawn
    this.#listener = listener
    this.#clock = clock
    this.#backoff = new Backoff(random, firstPauseMs, maxPauseMs)
  }

  /** Undefined before the first start, while a restart is due, and after {@link stop}. */
  get running(): C | undefined {
    return this.#running
  }

  /** Starts the companion unless it runs or a restart is due. */
  start(): void {
    if (this.#running === undefined && this.#cancelRestart === undefined) this.#run()
  }

  /** Counts the companion as lost, although it did not end by itself. The caller ends it. */
  replace(reason: string): void {
    if (this.#running !== undefined) this.#lost(reason)
  }

  /** Stops supervising until the next {@link start}. Returns what runs, for the caller to end. */
  stop(): C | undefined {
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    const running = this.#running
    this.#running = undefined
    return running
  }

  #run(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    const companion = this.#spawn({
      report: (report) => {
        this.#listener.report(report)
      },
      ended: (reason) => {
        if (this.#running === companion) this.#lost(reason)
      },
    })
    this.#running = companion
    this.#listener.started()
  }

  #lost(reason: string): void {
    this.#running = undefined
    if (this.#clock.monotonicMs() - this.#startedAtMs >= lastingMs) this.#backoff.reset()
    this.#cancelRestart = this.#clock.setTimer(this.#backoff.nextMs(), () => {
      this.#cancelRestart = undefined
      this.#run()
    })
    this.#listener.lost(reason)
  }
}
