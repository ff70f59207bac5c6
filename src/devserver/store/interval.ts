// Sets of keys that lie next to each other. Keys are byte strings, held as JavaScript strings of one character a byte
// ("latin1"), because those compare in the order of the bytes and can be looked up in a Map.
// It must not know what is stored under the keys.

/** All keys from `first` up to, not including, `end`; without an `end`, all keys from `first` on. */
export interface Interval {
  readonly first: string
  readonly end: string | undefined
}

export const everything: Interval = Object.freeze({ first: '', end: undefined })

export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function keyBytes(text: string): Uint8Array {
  // A copy, because Buffer.from keeps short strings in a pool that they would hold on to.
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** What a request with `key` and `range_end` speaks of: an end of one zero byte means "and all after it". */
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

/** The key, if the interval holds just that one. */
export function soleKey({ first, end }: Interval): string | undefined {
  return end === afterKey(first) ? first : undefined
}

/** The prefix, if the interval holds all keys that begin with it and no other. */
export function solePrefix({ first, end }: Interval): string | undefined {
  return first !== '' && end === afterPrefix(first) ? first : undefined
}

/** Whether all of `wanted` lies in the intervals, seen as one set. */
export function coveredBy(intervals: readonly Interval[], wanted: Interval): boolean {
  let covered: string | undefined = wanted.first
  while (covered !== undefined && (wanted.end === undefined || covered < wanted.end)) {
    const at: string = covered
    const ends = intervals.filter((interval) => contains(interval, at)).map(({ end }) => end)
    if (ends.length === 0) return false
    covered = ends.reduce((far, end) =>
      far === undefined || end === undefined ? undefined : end > far ? end : far,
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
