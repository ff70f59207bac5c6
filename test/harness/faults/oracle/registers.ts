// Checks that a store which refuses smaller tokens accepted no stale write, and counts the stale
// writes that the others accepted.

import { type Entry, of } from '../history.js'
import type { Report, Verdict } from './verdict.js'

export function checkWrites(history: readonly Entry[], report: Report): Verdict['writes'] {
  const writes = of(history, 'wrote')
  const taken = writes.flatMap((write) =>
    write.place === undefined ? [] : [{ ...write, place: BigInt(write.place) }],
  )
  let staleUnfenced = 0
  for (const store of ['etcd', 'postgres'] as const) {
    for (const fenced of [true, false]) {
      let greatest = 0n
      const inOrder = taken
        .filter((write) => write.store === store && write.fenced === fenced)
        .sort((a, b) => (a.place < b.place ? -1 : 1))
      for (const { at, token, who, place } of inOrder) {
        if (BigInt(token) >= greatest) greatest = BigInt(token)
        else if (!fenced) staleUnfenced += 1
        else {
          const what = `${store} took token ${token} of ${who} as write ${String(place)} after ${String(greatest)}`
          report('stale fenced write taken', at, what)
        }
      }
    }
  }
  return { taken: taken.length, refused: writes.length - taken.length, staleUnfenced }
}
