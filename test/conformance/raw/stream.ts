// Reading a stream one message at a time, with an error instead of a hang when nothing comes.
// It must not know what the messages mean.

import { type StatusObject, status } from '@grpc/grpc-js'

const patienceMs = 20_000

interface Readable<O> {
  on(event: 'data', listener: (message: O) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'status', listener: (status: StatusObject) => void): unknown
  cancel(): void
}

export class RawStream<I, O> {
  /** How the stream ended, in one line: `OK`, or the code and the text. */
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
    // What the error says, 'status' says too; but without a listener it would end the process.
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

  /** The next message, waited for. */
  async next(): Promise<O> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      const message = this.#arrived.shift()
      if (message !== undefined) return message
      if (this.#end !== undefined)
        throw new Error(`expected a message, the stream ended: ${this.#end}`)
      const leftMs = deadline - Date.now()
      if (leftMs <= 0) throw new Error(`expected a message, none came in ${patienceMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Says that we send no more. */
  halfClose(): void {
    this.#halfClose()
  }

  cancel(): void {
    this.#call.cancel()
  }
}
