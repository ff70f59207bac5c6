// How many of what is measured, how often, and in which order. Pure. It must not know how anything is measured.

/** Beyond this a subject does not get in a minute, or not at all: it is measured as far as this. */
const most = { etcd3: 1_000 }

export function plan({ quick, withGo }) {
  const counts = quick ? [100] : [200, 1_000, 10_000]
  const observerCounts = quick ? [1, 50] : [1, 100, 1_000, 10_000]
  const all = ['ours', ...(withGo ? ['Go'] : []), 'raw', 'etcd3']
  const idle = [
    ['ours', 1, 1],
    ['ours', counts.at(-1), 1],
    ['ours', counts.at(-2) ?? 100, counts.at(-2) ?? 100],
    ...(withGo ? [['Go', 1, 1]] : []),
    ...(withGo ? [['Go', counts.at(-1), 1]] : []),
    ['etcd3', 1, 1],
    ['etcd3', counts.at(-2) ?? 100, counts.at(-2) ?? 100],
  ]
  return {
    counts,
    observerCounts,
    /** Large numbers take long, and vary less. */
    often: (count) => (quick ? 1 : count >= 10_000 ? 2 : 3),
    /** Who is measured with so many, the first one another in each round. */
    inTurn(count, round) {
      const able = all.filter((subject) => count <= (most[subject] ?? Infinity))
      const first = round % able.length
      return [...able.slice(first), ...able.slice(0, first)]
    },
    idleOnes: idle.map(([subject, count, sessions]) => ({ subject, count, sessions })),
  }
}
