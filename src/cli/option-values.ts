// Lengths of time as people type them. Pure.

import { usageError } from './errors.js'

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The longest that a timer of Node.js can wait. */
const longestMs = 2 ** 31 - 1

/**
 * `5`, `2.5` (seconds), or with units as in Go: `500ms`, `5s`, `1m30s`.
 *
 * @throws a usage failure that names the option.
 */
export function parseDuration(option: string, text: string): number {
  const refuse = (): never => {
    throw usageError(
      `${option}: expected seconds like 5 or 2.5, or 500ms, 5s, 1m30s, got '${text}'`,
    )
  }
  const number = /^\d+(\.\d+)?$/
  if (number.test(text)) return within(Number(text) * 1000, refuse)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return refuse()
  const sum = parts.reduce(
    (total, [, amount, unit]) => total + Number(amount) * (unitsMs[unit ?? ''] ?? 0),
    0,
  )
  return within(sum, refuse)
}

function within(ms: number, refuse: () => never): number {
  return ms <= longestMs ? ms : refuse()
}

/** @throws a usage failure that names the option. */
export function parseInteger(option: string, text: string, from: number, to: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= from && value <= to) return value
  throw usageError(
    `${option}: expected a whole number from ${String(from)} to ${String(to)}, got '${text}'`,
  )
}
