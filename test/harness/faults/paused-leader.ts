// `npm run measure:paused-leader -- [rounds]`: for how long two candidates lead at once when the
// member that leads etcd is paused for about a TTL and resumes, by etcd version, without and with
// `lockDelay`.

import { startCluster } from '../../support/etcd.js'
import { pausedLeaderRound, ways } from '../../support/paused-leader.js'
import { builtVersions, isAvailable } from '../../support/versions.js'

const ttlS = 3

/** Pauses around the TTL. */
const pausesMs = [0.8, 1, 1.2, 1.5].map((share) => share * ttlS * 1_000)

const rounds = Number(process.argv[2] ?? 5)
if (Number.isInteger(rounds) && rounds > 0) {
  await measurePausedLeader()
} else {
  console.error(`rounds: expected a whole number above 0, got '${process.argv[2] ?? ''}'`)
  process.exitCode = 2
}

async function measurePausedLeader(): Promise<void> {
  console.log(`TTL ${String(ttlS)} s, etcd's leader paused for ${pausesMs.join(', ')} ms in turn`)
  for (const version of ['debian', ...builtVersions].filter(isAvailable)) {
    await using cluster = await startCluster({ version })
    for (const way of ways) {
      for (const lockDelay of [false, true]) {
        const overlaps: number[] = []
        let lost = 0
        for (let round = 0; round < rounds; round++) {
          const { overlapMs, end } = await pausedLeaderRound(cluster, {
            election: `paused-${String(Math.random()).slice(2)}`,
            way,
            ttlS,
            pauseMs: pausesMs[round % pausesMs.length] ?? 0,
            lockDelay,
          })
          if (end !== undefined) lost += 1
          if (overlapMs > 0) overlaps.push(overlapMs)
        }
        const longest = Math.max(0, ...overlaps).toFixed(1)
        console.log(
          `etcd ${version.padEnd(7)} client knows ${way.padEnd(21)} lockDelay ${String(lockDelay).padEnd(5)}: ` +
            `${String(rounds)} rounds, ${String(lost)} terms lost, ${String(overlaps.length)} overlaps, longest ${longest} ms`,
        )
      }
    }
  }
}
