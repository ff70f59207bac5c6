// Go programs that use etcd's own packages, client/v3 and concurrency, on every server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawEtcd } from '../conformance/raw/etcd.js'
import type { RunningServer } from '../conformance/servers.js'
import { describeGo, GoPeer } from '../../support/go-peer.js'
import { servers } from './pairs.js'

describeGo("Go's concurrency package", () => {
  describe.each(servers)('$name', (kind) => {
    let server: RunningServer
    let etcd: RawEtcd

    beforeAll(async () => {
      server = await kind.start()
      etcd = new RawEtcd(server.endpoint)
    })

    afterAll(async () => {
      etcd.close()
      await server.close()
    })

    const peers = () => ({ endpoints: server.endpoint, ttl: 15 })

    test('campaigns, proclaims, resigns and observes', async () => {
      await using observer = GoPeer.observe(peers(), 'full')
      await using peer = GoPeer.campaign(peers(), 'full', 'a')
      const { lease } = await peer.next('session')
      const { key, revision } = await peer.next('elected')
      expect(key).toBe(`full/${lease}`)
      expect(await observer.next('leader')).toEqual({ event: 'leader', key, revision, value: 'a' })
      peer.send('proclaim b')
      await peer.next('proclaimed')
      expect((await observer.next('leader')).value).toBe('b')
      expect((await GoPeer.leader(peers(), 'full')).revision).toBe(revision)
      peer.send('resign')
      await peer.next('resigned')
      await expect(GoPeer.leader(peers(), 'full')).rejects.toThrow('election: no leader')
      peer.send('proclaim nothing')
      expect((await peer.next('error')).error).toBe('election: not leader')
      peer.send('campaign again')
      await peer.next('elected')
      expect((await observer.next('leader')).value).toBe('again')
      await peer.close()
      expect((await etcd.range({ key: 'full/', rangeEnd: 'full0' })).count).toBeUndefined()
    })

    test('waits for its turn behind two others', async () => {
      await using a = GoPeer.campaign(peers(), 'queue', 'a')
      await a.next('session')
      await a.next('elected')
      await using b = GoPeer.campaign(peers(), 'queue', 'b')
      await b.next('session')
      await waitForCandidates('queue', 2)
      await using c = GoPeer.campaign(peers(), 'queue', 'c')
      await c.next('session')
      await waitForCandidates('queue', 3)
      await a.close()
      expect((await b.next('elected')).value).toBe('b')
      await b.close()
      expect((await c.next('elected')).value).toBe('c')
    })

    test('learns that its lease was revoked', async () => {
      await using peer = GoPeer.campaign(peers(), 'revoked', 'a')
      const { lease } = await peer.next('session')
      await peer.next('elected')
      await etcd.revoke(BigInt(`0x${lease}`))
      await peer.next('session-over')
    })

    test('has a successor after it is killed and its lease expires', async () => {
      await using a = GoPeer.campaign({ ...peers(), ttl: 2 }, 'killed', 'a')
      await a.next('session')
      await a.next('elected')
      await using b = GoPeer.campaign(peers(), 'killed', 'b')
      await b.next('session')
      await waitForCandidates('killed', 2)
      await a.kill()
      expect((await b.next('elected')).value).toBe('b')
    })

    /** Waits until the election has had this many candidates. */
    async function waitForCandidates(election: string, count: number): Promise<void> {
      const stream = etcd.watch({
        key: `${election}/`,
        rangeEnd: `${election}0`,
        startRevision: 1n,
      })
      const keys = new Set<string | undefined>()
      while (keys.size < count) {
        for (const { kv } of (await stream.next()).events ?? []) keys.add(kv?.key)
      }
      stream.cancel()
    }
  })
})
