// Node.js 20 ends a connection on which a client cancels more than 1000 calls at once (then 33 a second). It
// tells the client and nobody else, reads no more, and so never notices that the client has hung up. This does.
// It must not know what the calls are.

import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2'

/** From so many on it can have happened. */
const burst = 1000

/** Any client that is still read from has answered a ping by then. */
const patienceMs = 5000

export class ResetLimit {
  readonly #session: Http2Session
  #resets = 0
  #isAsking = false

  constructor(session: Http2Session) {
    this.#session = session
  }

  watch(stream: ServerHttp2Stream): void {
    stream.on('close', () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR) return
      this.#resets += 1
      if (this.#resets >= burst && !this.#isAsking) this.#ask()
    })
  }

  #ask(): void {
    const session = this.#session
    if (session.destroyed) return
    this.#isAsking = true
    const timer = setTimeout(() => {
      session.destroy()
    }, patienceMs)
    session.ping(() => {
      clearTimeout(timer)
      this.#isAsking = false
    })
  }
}
