// How elections and candidates are written as etcd keys: the layout that Go's concurrency package
// and etcd's own election service use. Pure.

import { InvalidArgumentError } from '../base/errors.js'
import type { WatchedRange } from '../etcd/api.js'

const encoder = new TextEncoder()
// `ignoreBOM` keeps a byte order mark as a character like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const encode = (text: string): Uint8Array => encoder.encode(text)
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

/** The key of the candidacy on this lease, as text. */
export function termKey(election: string, leaseId: bigint): string {
  return `${election}/${leaseId.toString(16)}`
}

/** The lease that a candidacy is on; undefined when the key is not that of a candidacy. */
export function leaseIdOf(term: string): bigint | undefined {
  const id = term.slice(term.lastIndexOf('/') + 1)
  return /^[0-9a-f]{1,16}$/.test(id) ? BigInt(`0x${id}`) : undefined
}

/** The range of all candidacies of an election. */
export function candidacies(election: string): WatchedRange {
  // '0' is the character after '/', so the range holds every key that begins with `election/`.
  return { key: encode(`${election}/`), rangeEnd: encode(`${election}0`) }
}

/**
 * Whether the key belongs to an election whose name begins with `election/`: the two share keys.
 */
export function isNested(election: string, key: string): boolean {
  return key.includes('/', election.length + 1)
}

/**
 * @throws {@link InvalidArgumentError} when it cannot be the name of an election.
 */
export function checkElection(election: unknown): string {
  if (
    typeof election !== 'string' ||
    election === '' ||
    election.includes('\0') ||
    !election.isWellFormed()
  ) {
    throw new InvalidArgumentError(
      'election',
      'expected a non-empty name without NUL, in well-formed Unicode',
      election,
    )
  }
  return election
}

/**
 * @throws {@link InvalidArgumentError} when it cannot be the name of a candidate.
 */
export function checkName(name: unknown, option = 'name'): string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    // A lone surrogate becomes U+FFFD on the wire, and two different names could turn out equal.
    throw new InvalidArgumentError(option, 'expected a non-empty, well-formed Unicode string', name)
  }
  return name
}
