// Destroys HTTP/2 sessions that Node.js 20 has silently stopped reading. Node.js stops when a
// client cancels more than 1000 calls at once (then 33 a second): it sends the client a GOAWAY,
// emits no event, and reads no more, so that it never notices that the client has hung up.

import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2'

/** Node.js stops reading no sooner than after this many resets. */
const resetBurst = 1000

/** A session that is still read gets the answer to a ping within this time. */
const pingTimeoutMs = 5000

export class ResetLimitDetector {
  readonly #session: Http2Session
  #resets = 0
  #isProbing = false

  constructor(session: Http2Session) {
    this.#session = session
  }

  watch(stream: ServerHttp2Stream): void {
    stream.on('close', () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR) return
      this.#resets += 1
      if (this.#resets >= resetBurst && !this.#isProbing) this.#probe()
    })
  }

  #probe(): void {
    const session = this.#session
    if (session.destroyed) return
    this.#isProbing = true
    const timer = setTimeout(() => {
      session.destroy()
    }, pingTimeoutMs)
    session.ping(() => {
      clearTimeout(timer)
      this.#isProbing = false
    })
  }
}
