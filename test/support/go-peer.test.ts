// The Go peer carries out its commands, and reports what etcd holds.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EtcdProcess, startEtcd } from './etcd.js'
import { describeGo, GoPeer } from './go-peer.js'

describeGo('the Go peer', () => {
  let etcd: EtcdProcess
  beforeAll(async () => {
    etcd = await startEtcd()
  })
  afterAll(async () => {
    await etcd[Symbol.asyncDispose]()
  })
  const peers = () => ({ endpoints: etcd.endpoint })

  test('leads, proclaims, resigns and leads again on command, and its observer sees it', async () => {
    const election = randomUUID()
    await using observer = GoPeer.observe(peers(), election)
    await using a = GoPeer.campaign(peers(), election, 'a')
    const { lease } = await a.next('session')
    const { key, revision } = await a.next('elected')
    expect(key).toBe(`${election}/${lease}`)
    expect(await observer.next('leader')).toEqual({ event: 'leader', key, revision, value: 'a' })
    a.send('proclaim a with spaces')
    expect((await a.next('proclaimed')).value).toBe('a with spaces')
    expect((await observer.next('leader')).value).toBe('a with spaces')
    expect((await GoPeer.leader(peers(), election)).revision).toBe(revision)
    a.send('resign')
    await a.next('resigned')
    await expect(GoPeer.leader(peers(), election)).rejects.toThrow('election: no leader')
    a.send('proclaim nothing')
    expect((await a.next('error')).error).toBe('election: not leader')
    a.send('campaign again')
    const again = await a.next('elected')
    expect(BigInt(again.revision)).toBeGreaterThan(BigInt(revision))
    expect((await observer.next('leader')).value).toBe('again')
  })

  test('waits for its turn, can cancel that, and leaves no key when it is closed', async () => {
    const election = randomUUID()
    await using a = GoPeer.campaign(peers(), election, 'a')
    await a.next('session')
    await a.next('elected')
    await using b = GoPeer.campaign(peers(), election, 'b')
    await b.next('session')
    b.send('cancel')
    expect((await b.next('error')).error).toBe('context canceled')
    b.send('campaign b again')
    await a.close()
    expect((await b.next('elected')).value).toBe('b again')
    await b.close()
    expect((await etcd.etcdctl('get', election, '--prefix')).stdout).toBe('')
  })
})
