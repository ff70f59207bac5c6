// Arguments as the operating system gave them. It must not know what they mean.

import { readFileSync } from 'node:fs'
import { usageError } from './errors.js'

/**
 * Node.js decodes arguments as UTF-8 and puts U+FFFD in the place of what is not: an election would have another name than
 * was typed, and a program would be given other arguments.
 *
 * @throws a usage failure.
 */
export function checkArguments(argv: readonly string[], raw: () => Buffer = commandLine): void {
  const suspects = argv.filter((arg) => arg.includes('\ufffd'))
  if (suspects.length === 0) return
  // One that really holds U+FFFD is as good as any other.
  const given = new Set(split(raw()).map((bytes) => bytes.toString('hex')))
  for (const arg of suspects) {
    if (given.has(Buffer.from(arg).toString('hex'))) continue
    throw usageError(
      `the argument '${arg}' is not valid UTF-8, and Node.js cannot hand on anything else`,
    )
  }
}

function commandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline')
  } catch {
    return Buffer.alloc(0)
  }
}

function split(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0, from)
    parts.push(bytes.subarray(from, end < 0 ? bytes.length : end))
    from = end < 0 ? bytes.length : end + 1
  }
  return parts
}
