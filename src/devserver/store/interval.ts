// Intervals of keys. Keys are byte strings, held as JavaScript strings with one character per byte
// ("latin1"), because those sort in the order of their bytes and can be keys of a Map.

/**
 * All keys from `first` up to, but not including, `end`; if that is undefined, all from `first` on.
 */
export interface Interval {
  readonly first: string
  readonly end: string | undefined
}

export const allKeys: Interval = Object.freeze({ first: '', end: undefined })

export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function keyBytes(text: string): Uint8Array {
  // A copy: Buffer.from allocates short strings from a shared pool, which they would retain.
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/**
 * The interval of a request's `key` and `range_end`. An end of one zero byte means "and all after".
 */
export function intervalOf({ key, rangeEnd }: { key: Uint8Array; rangeEnd: Uint8Array }): Interval {
  const first = keyText(key)
  if (rangeEnd.length === 0) return onlyKey(first)
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { first, end: undefined }
  return { first, end: keyText(rangeEnd) }
}

export function onlyKey(key: string): Interval {
  return { first: key, end: afterKey(key) }
}

/** All keys that begin with the prefix. */
export function withPrefix(prefix: string): Interval {
  return { first: prefix, end: afterPrefix(prefix) }
}

export function contains({ first, end }: Interval, key: string): boolean {
  return key >= first && (end === undefined || key < end)
}

export function isEmpty({ first, end }: Interval): boolean {
  return end !== undefined && end <= first
}

/** The key, if the interval contains exactly one. */
export function soleKey({ first, end }: Interval): string | undefined {
  return end === afterKey(first) ? first : undefined
}

/** The prefix, if the interval contains exactly the keys that begin with it. */
export function solePrefix({ first, end }: Interval): string | undefined {
  return first !== '' && end === afterPrefix(first) ? first : undefined
}

/** Whether the union of the intervals contains all of `wanted`. */
export function unionContains(intervals: readonly Interval[], wanted: Interval): boolean {
  let next: string | undefined = wanted.first
  while (next !== undefined && (wanted.end === undefined || next < wanted.end)) {
    const key: string = next
    const ends = intervals.filter((interval) => contains(interval, key)).map(({ end }) => end)
    if (ends.length === 0) return false
    next = ends.reduce((furthest, end) =>
      furthest === undefined || end === undefined ? undefined : end > furthest ? end : furthest,
    )
  }
  return true
}

function afterKey(key: string): string {
  return `${key}\0`
}

function afterPrefix(prefix: string): string | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix.charCodeAt(i)
    if (byte < 0xff) return prefix.slice(0, i) + String.fromCharCode(byte + 1)
  }
  return undefined
}
