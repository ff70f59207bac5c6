// Parses the values of options: durations and whole numbers.

import { usageError } from './errors.js'

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The longest time that a timer of Node.js can wait. */
const maxDurationMs = 2 ** 31 - 1

/**
 * Parses `5` and `2.5` as seconds, and units as in Go: `500ms`, `5s`, `1m30s`.
 *
 * @returns milliseconds.
 * @throws a usage error that names the option.
 */
export function parseDuration(option: string, text: string): number {
  const refuse = (): never => {
    throw usageError(
      `${option}: expected seconds like 5 or 2.5, or 500ms, 5s, 1m30s, got '${text}'`,
    )
  }
  const number = /^\d+(\.\d+)?$/
  if (number.test(text)) return checkMax(Number(text) * 1000, refuse)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return refuse()
  const sum = parts.reduce(
    (total, [, amount, unit]) => total + Number(amount) * (unitsMs[unit ?? ''] ?? 0),
    0,
  )
  return checkMax(sum, refuse)
}

function checkMax(ms: number, refuse: () => never): number {
  return ms <= maxDurationMs ? ms : refuse()
}

/** @throws a usage error that names the option. */
export function parseInteger(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw usageError(
    `${option}: expected a whole number from ${String(min)} to ${String(max)}, got '${text}'`,
  )
}
