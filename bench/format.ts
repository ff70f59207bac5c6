// Formats figures and tables. Pure.

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms >= 1) return `${ms.toFixed(ms >= 100 ? 0 : 2)} ms`
  return ms >= 0.001 ? `${(ms * 1_000).toFixed(0)} µs` : `${(ms * 1_000_000).toFixed(0)} ns`
}

export function megabytes(mb: number): string {
  return Number.isFinite(mb) ? `${mb.toFixed(1)} MB` : '–'
}

export function kilobytes(mb: number): string {
  return Number.isFinite(mb) ? `${(mb * 1_024).toFixed(1)} KB` : '–'
}

export function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '–'
}

export function oneDigit(value: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
}

export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** Rounds to two significant figures, where no more are known. */
export function rounded(value: number): string {
  return Number.isFinite(value) ? whole(Number(value.toPrecision(2))) : '–'
}

export function times(value: number): string {
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(1)
}

/**
 * A Markdown table that is readable as plain text, and that prettier leaves alone. The first row is
 * the head; a row may be shorter.
 */
export function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const full = [head, ...rows].map((row) => head.map((_, column) => row[column] ?? ''))
  const widths = head.map((_, column) =>
    Math.max(3, ...full.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const text = full.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))))
  text.splice(1, 0, line(widths.map((width) => '-'.repeat(width))))
  return text.join('\n')
}
