// The shape that all companions have in common: a process or a thread that this process starts,
// sends orders to and gets reports from.

/**
 * A companion that runs, or is about to. Each kind is ended in its own way: `stop()` lets it finish
 * what it has to do, `terminate()` ends it at once.
 */
export interface Companion<Order> {
  /** Does nothing once the companion has ended. */
  send(order: Order): void
}

/** What a companion's supervisor hears. None of these may throw. */
export interface CompanionListener<Report> {
  report(report: Report): void
  /**
   * The companion ended by itself, or could not be started. Not called when the supervisor ends
   * the companion, nor before the call that starts the companion has returned.
   */
  ended(reason: string): void
}

/** Starts a companion of one kind. */
export type SpawnCompanion<C, Report> = (listener: CompanionListener<Report>) => C

/** Passes everything on to a listener until the companion has ended, by itself or by `close()`. */
export class ClosableListener<Report> implements CompanionListener<Report> {
  readonly #listener: CompanionListener<Report>
  #isClosed = false

  constructor(listener: CompanionListener<Report>) {
    this.#listener = listener
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  report(report: Report): void {
    if (!this.#isClosed) this.#listener.report(report)
  }

  ended(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listener.ended(reason)
  }

  close(): void {
    this.#isClosed = true
  }
}
