// Warns of a TTL that was probably meant in milliseconds.

/** A TTL above five minutes is more often a mistaken unit than meant. */
const maxUsualTtlS = 300

let hasWarned = false

/** Warns once per process: many sessions with the same mistake need no more. */
export function warnOfLongTtl(ttlS: number): void {
  if (hasWarned || ttlS <= maxUsualTtlS) return
  hasWarned = true
  process.emitWarning(
    `ttl: ${String(ttlS)} means ${String(ttlS)} seconds, about ${inWords(ttlS)}: when a leader dies, there may be none for that long. TTLs are in seconds, not in milliseconds`,
    { code: 'ELECT_LONG_TTL' },
  )
}

function inWords(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${String(minutes)} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${String(hours)} hours` : `${String(Math.round(hours / 24))} days`
}
