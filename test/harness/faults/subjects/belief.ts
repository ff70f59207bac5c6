// Asks a candidate again and again whether it leads, and writes down from when to when it believed
// so.

import type { Recorder } from './recorder.js'

/** What the leader of any library can be asked. */
export interface Term {
  readonly token: string
  /** Synchronous, as a user would ask right before acting. */
  believes(): boolean
}

const lookEveryMs = 2
/** A kill loses at most this much of the last belief. */
const writeEveryMs = 25

export class Belief {
  readonly #recorder: Recorder
  #term: Term | undefined
  #from: number | undefined
  #to = 0
  #wroteTo = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    setInterval(() => {
      this.look()
    }, lookEveryMs)
  }

  in(term: Term): void {
    this.#term = term
    this.look()
  }

  /**
   * Never writes a belief down as longer than it was: it begins at a time taken after the first
   * answer, and ends at one taken before the last question. So two beliefs that overlap in the
   * history did overlap.
   */
  look(): void {
    const { notBefore } = this.#recorder.moment()
    if (this.#term?.believes() !== true) {
      this.#write()
      this.#from = undefined
    } else if (this.#from === undefined) {
      this.#from = this.#recorder.moment().notAfter
      this.#to = this.#from
      this.#wroteTo = this.#from
    } else {
      this.#to = Math.max(this.#to, notBefore)
      if (this.#to - this.#wroteTo > writeEveryMs) this.#write()
    }
  }

  over(): void {
    this.look()
    this.#write()
    this.#term = undefined
    this.#from = undefined
  }

  /** Keeps the event loop busy, as a long computation does, and keeps asking. */
  block(ms: number): void {
    const end = this.#recorder.moment().notBefore + ms
    while (this.#recorder.moment().notBefore < end) this.look()
  }

  #write(): void {
    if (this.#from === undefined || this.#term === undefined || this.#to <= this.#wroteTo) return
    this.#recorder.write({ is: 'valid', at: this.#from, to: this.#to, token: this.#term.token })
    this.#wroteTo = this.#to
    this.#from = this.#to
  }
}
