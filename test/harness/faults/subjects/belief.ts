// Looks again and again whether a candidate believes that it leads, and writes down from when to
// when it did.

import type { Recorder } from './recorder.js'

/** What any library's leader can be asked. */
export interface Term {
  readonly token: string
  /** Synchronous, as whoever is about to do something would ask. */
  believes(): boolean
}

const lookEveryMs = 2
/** Not more than this is forgotten when the process is killed. */
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
   * A belief is written down as no longer than it surely was: it begins at a time taken after the
   * first answer, and ends at one taken before the last question. So two that overlap in the
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

  /** Keeps the event loop busy, as a long computation does, and looks all the while. */
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
