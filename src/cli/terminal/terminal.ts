// What a command writes, and to whom: results to stdout, everything else to stderr; colours and a line that moves only on
// a terminal. It must not know what is said.
//
// It writes with system calls and not with Node's streams: those make pipes non-blocking, for everybody who shares them,
// and so for the program that `elect run` runs. A write that fails is thrown where it was made.

import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { OutputError } from '../errors.js'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, green: 32, yellow: 33, red: 31 }

export interface TerminalOptions {
  readonly format: 'text' | 'json'
  readonly level: 'quiet' | 'normal' | 'verbose'
  readonly env: NodeJS.ProcessEnv
}

const erase = '\r\u001b[K'

export class Terminal {
  readonly isJson: boolean
  readonly isVerbose: boolean
  readonly #isQuiet: boolean
  readonly #env: NodeJS.ProcessEnv
  readonly #stderrIsTty = isatty(2)
  #isStatusLineShown = false

  constructor({ format, level, env }: TerminalOptions) {
    this.isJson = format === 'json'
    this.isVerbose = level === 'verbose'
    this.#isQuiet = level === 'quiet'
    this.#env = env
  }

  /** Whether a line that changes in place can be seen. */
  get hasStatusLine(): boolean {
    return this.#stderrIsTty && !this.#isQuiet && this.#env['TERM'] !== 'dumb'
  }

  /** A result: as text, or as one line of JSON with 64-bit integers as strings. */
  result(text: string, json: unknown): void {
    this.out(this.isJson ? JSON.stringify(json, bigintsAsStrings) : text)
  }

  /** One line to stdout. */
  out(line: string): void {
    this.#endStatusLine()
    write(1, `${line}\n`)
  }

  /** What one who watches wants to know; not with `--quiet`. */
  note(line: string): void {
    if (!this.#isQuiet) this.#err(`elect: ${line}`)
  }

  /** What one who looks for trouble wants to know. */
  detail(line: string): void {
    if (this.isVerbose) this.#err(this.paint('dim', `elect: ${line}`, 2))
  }

  error(line: string): void {
    this.#err(`${this.paint('red', 'elect:', 2)} ${line}`)
  }

  /** As it is, to stderr. */
  rawError(text: string): void {
    this.#err(text)
  }

  /** Replaces the line that moves. Nothing where it could not move. */
  setStatusLine(line: string): void {
    if (!this.hasStatusLine) return
    write(2, `${erase}${this.paint('dim', line, 2)}`)
    this.#isStatusLineShown = true
  }

  clearStatusLine(): void {
    this.#endStatusLine()
  }

  /** @param fd 1 or 2: where it will be written. */
  paint(style: Style, text: string, fd: 1 | 2 = 1): string {
    const plain =
      (this.#env['NO_COLOR'] ?? '') !== '' || this.#env['TERM'] === 'dumb' || !isatty(fd)
    return plain ? text : `\u001b[${String(codes[style])}m${text}\u001b[0m`
  }

  #err(line: string): void {
    this.#endStatusLine()
    try {
      write(2, `${line}\n`)
    } catch {
      // There is no one left to complain to, and the work matters more than what is said of it.
    }
  }

  #endStatusLine(): void {
    if (!this.#isStatusLineShown) return
    this.#isStatusLineShown = false
    try {
      write(2, erase)
    } catch {
      // As above.
    }
  }
}

function write(fd: 1 | 2, text: string): void {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes))
    } catch (error) {
      const failure = error as NodeJS.ErrnoException
      if (failure.code !== 'EAGAIN') throw new OutputError(failure)
      // Somebody else made the pipe non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function bigintsAsStrings(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
