// Judges what the candidates wrote down. Pure; shares no code with the library.

export type Entry = { readonly who: string; readonly at: number } & (
  | { readonly is: 'believed'; readonly token: string; readonly from: number; readonly to: number }
  | { readonly is: 'elected'; readonly token: string }
  | { readonly is: 'ended'; readonly token: string }
  | { readonly is: 'guardian'; readonly pid: number }
  | { readonly is: 'guardianLost' | 'workerLost'; readonly reason: string }
  | { readonly is: 'worker'; readonly threads: readonly number[] }
  | { readonly is: 'blocked'; readonly ms: number }
  | { readonly is: 'unblocked'; readonly leads: boolean }
  | { readonly is: 'left' }
)

type Of<K extends Entry['is']> = Extract<Entry, { readonly is: K }>

export function of<K extends Entry['is']>(history: readonly Entry[], is: K): Of<K>[] {
  return history.filter((entry): entry is Of<K> => entry.is === is)
}

/** Describes every violation; empty when there is none. */
export function violations(history: readonly Entry[]): string[] {
  const found: string[] = []
  const beliefs = of(history, 'believed').toSorted((a, b) => a.from - b.from)
  for (const [index, earlier] of beliefs.entries()) {
    for (const later of beliefs.slice(index + 1)) {
      if (later.from >= earlier.to) break
      if (later.token === earlier.token) continue
      const ms = Math.min(earlier.to, later.to) - later.from
      found.push(`two leaders at once: ${earlier.who} and ${later.who}, ${ms.toFixed(1)} ms`)
    }
  }
  const elections = of(history, 'elected').toSorted((a, b) => a.at - b.at)
  for (const [index, { who, token, at }] of elections.entries()) {
    const older = elections.slice(0, index).find((other) => BigInt(other.token) >= BigInt(token))
    if (older !== undefined) {
      found.push(`the token of ${who} at ${at.toFixed(0)} is not above that of ${older.who}`)
    }
  }
  return found
}

/** Milliseconds until another candidate is elected; undefined when none is. */
export function nextElectionAfter(
  history: readonly Entry[],
  who: string,
  sinceMs: number,
): number | undefined {
  const next = of(history, 'elected')
    .filter((entry) => entry.who !== who && entry.at >= sinceMs)
    .toSorted((a, b) => a.at - b.at)[0]
  return next && next.at - sinceMs
}
