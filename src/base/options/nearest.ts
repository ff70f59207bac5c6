// Finds the name that a misspelt one was meant to be.

/** Shorter ones would be the beginning of too many names. */
const minPrefixLength = 3

/**
 * The most similar of `known`; undefined when none is similar enough. Case and separators do not count:
 * `lock-delay` is `lockDelay`. Up to a third of the letters may differ, or one name may begin with the other.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = lettersOf(name)
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, lettersOf(candidate)) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** Infinity when the two are too far apart for one to be meant for the other. */
function distanceOf(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  const isPrefix = a.startsWith(b) || b.startsWith(a)
  if (isPrefix && shorter >= minPrefixLength) return a === b ? 0 : 1
  const limit = Math.floor(Math.max(a.length, b.length) / 3)
  // Names of any length come in: what cannot be near is not computed.
  if (Math.abs(a.length - b.length) > limit) return Infinity
  const distance = editDistance(a, b)
  return distance <= limit ? distance : Infinity
}

/**
 * How many letters have to be put in, left out, changed, or swapped with their neighbour: the optimal string
 * alignment distance.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(distances: readonly number[], column: number): number {
  return distances[column] ?? Infinity
}
