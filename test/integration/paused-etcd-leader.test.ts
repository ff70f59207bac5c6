// etcd's own leader is paused for about a TTL and resumed, and goes on for a moment as if it still led. It then
// acknowledges renewals that nobody else knows of, or ends leases that were renewed elsewhere meanwhile.

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
    'with lockDelay no two lead at once when the leader of the election knows %s',
    async (way, pauseMs) => {
      const { overlapMs, end } = await pausedLeaderRound(cluster, {
        election: uniqueElection(),
        way,
        ttlS: 2,
        pauseMs,
        lockDelay: true,
      })
      expect(overlapMs).toBe(0)
      // Nobody could renew for longer than the TTL, so another one was elected.
      if (way === 'only the paused one') expect(end).toBeDefined()
    },
  )
})
