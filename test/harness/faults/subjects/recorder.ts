// Writes entries down at once, so that a kill a moment later loses none.

import { appendFileSync } from 'node:fs'
import type { ObserverEntry, SubjectEntry, Timeless } from '../history.js'
import { type Moment, moment, momentByUptime, type UptimeOffset } from '../host-clock.js'

export class Recorder {
  readonly #file: string
  readonly moment: () => Moment

  constructor(file: string, uptimeOffset: UptimeOffset | undefined) {
    this.#file = file
    this.moment = uptimeOffset === undefined ? moment : momentByUptime(uptimeOffset)
    process.on('unhandledRejection', (error) => {
      this.write({ is: 'unhandled', error: String(error) })
    })
    process.on('uncaughtException', (error) => {
      this.write({ is: 'unhandled', error: String(error) })
    })
    this.write({ is: 'started', pid: process.pid })
  }

  write(entry: Timeless<SubjectEntry | ObserverEntry>): void {
    const at = this.moment().notAfter
    appendFileSync(this.#file, `${JSON.stringify({ at, ...entry })}\n`)
  }
}
