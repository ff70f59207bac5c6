// Reads a stream one message at a time, and fails instead of hanging when no message comes.

import { type StatusObject, status } from '@grpc/grpc-js'

const timeoutMs = 20_000

interface Readable<O> {
  on(event: 'data', listener: (message: O) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'status', listener: (status: StatusObject) => void): unknown
  cancel(): void
}

export class RawStream<I, O> {
  /** The stream's final status in one line: `OK`, or the code and the text. */
  readonly ended: Promise<string>
  readonly #call: Readable<O>
  readonly #write: (message: I) => void
  readonly #halfClose: () => void
  readonly #arrived: O[] = []
  #wake: () => void = () => undefined
  #end: string | undefined

  constructor(
    call: Readable<O>,
    write: (message: I) => void = () => undefined,
    halfClose: () => void = () => undefined,
  ) {
    this.#call = call
    this.#write = write
    this.#halfClose = halfClose
    call.on('data', (message) => {
      this.#arrived.push(message)
      this.#wake()
    })
    // 'status' reports the error too, but an 'error' event without a listener ends the process.
    call.on('error', () => undefined)
    this.ended = new Promise((resolve) => {
      call.on('status', ({ code, details }) => {
        this.#end = code === status.OK ? 'OK' : `${status[code]} ${details}`.trim()
        resolve(this.#end)
        this.#wake()
      })
    })
  }

  send(message: I): void {
    this.#write(message)
  }

  /** Waits for the next message. */
  async next(): Promise<O> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const message = this.#arrived.shift()
      if (message !== undefined) return message
      if (this.#end !== undefined)
        throw new Error(`expected a message, the stream ended: ${this.#end}`)
      const leftMs = deadline - Date.now()
      if (leftMs <= 0) throw new Error(`expected a message, none came in ${timeoutMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Tells the server that this client sends no more. */
  halfClose(): void {
    this.#halfClose()
  }

  cancel(): void {
    this.#call.cancel()
  }
}
