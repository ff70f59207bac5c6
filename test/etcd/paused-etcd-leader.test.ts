// etcd's own leader is paused for about a TTL, resumes, and for a moment acts as if it still led:
// it acknowledges renewals that no other member knows of, or ends leases that others renewed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EtcdCluster, startCluster } from '../support/etcd.js'
import { pausedLeaderRound, type Way } from '../support/paused-leader.js'
import { uniqueElection } from '../support/scope.js'

describe("etcd's own leader is paused", () => {
  let cluster: EtcdCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  test.each<[Way, number]>([
    ['only the paused one', 3_000],
    ['the paused one first', 2_000],
    ['only the others', 2_500],
  ])(
    'with lockDelay no two candidates lead at once when the leader of the election connects to %s',
    async (way, pauseMs) => {
      const { overlapMs, end } = await pausedLeaderRound(cluster, {
        election: uniqueElection(),
        way,
        ttlS: 2,
        pauseMs,
        lockDelay: true,
      })
      expect(overlapMs).toBe(0)
      // The leader could not renew for longer than the TTL, so the other candidate was elected.
      if (way === 'only the paused one') expect(end).toBeDefined()
    },
  )
})
