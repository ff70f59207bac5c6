// Refuses arguments that Node.js cannot pass on unchanged.

import { readFileSync } from 'node:fs'
import { usageError } from './errors.js'

/**
 * Node.js decodes arguments as UTF-8 and replaces invalid bytes with U+FFFD. The election would
 * get another name than the user typed, and CMD would get other arguments.
 *
 * @param raw the bytes of the command line, with a NUL after each argument.
 * @throws a usage error.
 */
export function checkArguments(argv: readonly string[], raw: () => Buffer = readCommandLine): void {
  const suspects = argv.filter((arg) => arg.includes('\ufffd'))
  if (suspects.length === 0) return
  // An argument may really contain U+FFFD: then its bytes are among those given.
  const given = new Set(splitAtNul(raw()).map((bytes) => bytes.toString('hex')))
  for (const arg of suspects) {
    if (given.has(Buffer.from(arg).toString('hex'))) continue
    throw usageError(
      `the argument '${arg}' is not valid UTF-8, and Node.js cannot pass on anything else`,
    )
  }
}

function readCommandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline')
  } catch {
    return Buffer.alloc(0)
  }
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0, from)
    parts.push(bytes.subarray(from, end < 0 ? bytes.length : end))
    from = end < 0 ? bytes.length : end + 1
  }
  return parts
}
