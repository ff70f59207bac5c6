// Finds the known name that a misspelt name was probably meant to be.

/** Too many names begin with a shorter one. */
const minPrefixLength = 3

/**
 * Returns the known name that is most similar; undefined when none is similar enough: when more
 * than a third of the letters differ and neither name begins with the other. Case and separators do
 * not count: `lock-delay` is `lockDelay`.
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

/** Infinity when the two are not similar enough. */
function distanceOf(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  const isPrefix = a.startsWith(b) || b.startsWith(a)
  if (isPrefix && shorter >= minPrefixLength) return a === b ? 0 : 1
  const limit = Math.floor(Math.max(a.length, b.length) / 3)
  // Keeps the cost small: a name of any length may come in.
  if (Math.abs(a.length - b.length) > limit) return Infinity
  const distance = editDistance(a, b)
  return distance <= limit ? distance : Infinity
}

/**
 * The optimal string alignment distance: how many letters have to be inserted, removed, replaced,
 * or swapped with the next one.
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
