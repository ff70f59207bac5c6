// Writes a command's output: results to stdout, everything else to stderr. Only a terminal gets
// colours and the status line.
//
// It uses system calls instead of Node's streams. Those make a pipe non-blocking for all processes
// that share it, including the CMD of `elect run`. A failed write throws where it was called.

import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { OutputError } from '../errors.js'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

const ansiCodes: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  green: 32,
  yellow: 33,
  red: 31,
}

export interface TerminalOptions {
  readonly format: 'text' | 'json'
  readonly level: 'quiet' | 'normal' | 'verbose'
  readonly env: NodeJS.ProcessEnv
}

const eraseLine = '\r\u001b[K'

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

  /** Whether the terminal can show a line that changes in place. */
  get hasStatusLine(): boolean {
    return this.#stderrIsTty && !this.#isQuiet && this.#env['TERM'] !== 'dumb'
  }

  /** Prints a result: as text, or as one line of JSON with 64-bit integers as strings. */
  result(text: string, json: unknown): void {
    this.out(this.isJson ? JSON.stringify(json, bigintsAsStrings) : text)
  }

  /** Prints one line to stdout. */
  out(line: string): void {
    this.clearStatusLine()
    write(1, `${line}\n`)
  }

  /** Prints a note to stderr, except with `--quiet`. */
  note(line: string): void {
    if (!this.#isQuiet) this.#err(`elect: ${line}`)
  }

  /** Prints a detail to stderr, only with `--verbose`. */
  detail(line: string): void {
    if (this.isVerbose) this.#err(this.paint('dim', `elect: ${line}`, 2))
  }

  error(line: string): void {
    this.#err(`${this.paint('red', 'elect:', 2)} ${line}`)
  }

  /** Prints text to stderr without a prefix. */
  rawError(text: string): void {
    this.#err(text)
  }

  /** Replaces the status line. Does nothing where there can be none. */
  setStatusLine(line: string): void {
    if (!this.hasStatusLine) return
    write(2, `${eraseLine}${this.paint('dim', line, 2)}`)
    this.#isStatusLineShown = true
  }

  clearStatusLine(): void {
    if (!this.#isStatusLineShown) return
    this.#isStatusLineShown = false
    try {
      write(2, eraseLine)
    } catch {
      // As in #err.
    }
  }

  /** @param fd 1 or 2: where the text will be written. */
  paint(style: Style, text: string, fd: 1 | 2 = 1): string {
    const plain =
      (this.#env['NO_COLOR'] ?? '') !== '' || this.#env['TERM'] === 'dumb' || !isatty(fd)
    return plain ? text : `\u001b[${String(ansiCodes[style])}m${text}\u001b[0m`
  }

  #err(line: string): void {
    this.clearStatusLine()
    try {
      write(2, `${line}\n`)
    } catch {
      // The message has nowhere else to go, and the command's work matters more.
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
      // Another process made the pipe non-blocking, and its reader is slow: wait 5 ms.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function bigintsAsStrings(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
