// Formats tables, durations and names for people.

/** Pads each column to its widest cell, except the last one. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns - 1 }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n')
}

/** `1.5 s`, `42 s`, `3 min 5 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (seconds < 120) return `${String(seconds)} s`
  return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`
}

/**
 * Replaces control characters with visible escapes. Anybody can choose a candidate's name, and must
 * not steer the reader's terminal with it.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
