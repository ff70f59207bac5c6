// One election shared by this library and a Go program on etcd's own concurrency package.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EtcdProcess, startEtcd } from '../../support/etcd.js'
import { describeGo, GoPeer } from '../../support/go-peer.js'
import { isPending, scope, seen } from '../../support/scope.js'
import { until } from '../../support/until.js'

describeGo('with Go', () => {
  let server: EtcdProcess
  beforeAll(async () => {
    server = await startEtcd()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  const peers = (ttl = 60): { endpoints: string; ttl: number } => ({
    endpoints: server.endpoint,
    ttl,
  })

  test('Go leads, we wait; it resigns, we lead, with a greater token', async () => {
    const { candidate, election } = scope(server.endpoint)
    await using theirs = GoPeer.campaign(peers(), election, 'theirs')
    await theirs.next('session')
    const elected = await theirs.next('elected')
    const ours = candidate('ours')
    expect(await ours.leader()).toEqual({
      term: elected.key,
      name: 'theirs',
      fencingToken: BigInt(elected.revision),
      revision: BigInt(elected.revision),
    })
    const waiting = ours.campaign()
    await until(() => ours.term !== '', { what: 'us to be in the queue' })
    expect(await isPending(waiting)).toBe(true)
    theirs.send('resign')
    await theirs.next('resigned')
    const leadership = await waiting
    expect(leadership.fencingToken).toBeGreaterThan(BigInt(elected.revision))
    expect((await GoPeer.leader(peers(), election)).value).toBe('ours')
  })

  test('we lead, Go waits; we resign, it leads, with a greater token', async () => {
    const { candidate, election, observer } = scope(server.endpoint)
    const ours = candidate('ours')
    const leadership = await ours.campaign()
    const watching = observer()
    await watching.start()
    await using theirs = GoPeer.campaign(peers(), election, 'theirs')
    await theirs.next('session')
    await until(() => watching.candidates.length === 2, { what: 'Go to be in the queue' })
    await ours.resign()
    const elected = await theirs.next('elected')
    expect(BigInt(elected.revision)).toBeGreaterThan(leadership.fencingToken)
    await seen(watching, 'theirs')
    theirs.send('proclaim theirs-2')
    await seen(watching, 'theirs-2')
    expect(watching.term).toBe(elected.key)
  })

  test('we take over from a Go program that is killed, without two leaders', async () => {
    const { candidate, election } = scope(server.endpoint)
    await using theirs = GoPeer.campaign(peers(2), election, 'theirs')
    await theirs.next('session')
    await theirs.next('elected')
    const ours = candidate('ours')
    const waiting = ours.campaign()
    await until(() => ours.term !== '', { what: 'us to be in the queue' })
    await theirs.kill()
    const leadership = await waiting
    expect(leadership.isValid()).toBe(true)
    expect((await GoPeer.leader(peers(), election)).value).toBe('ours')
  })

  test('a Go observer sees our terms and proclamations, in order', async () => {
    const { candidate, election } = scope(server.endpoint)
    await using watching = GoPeer.observe(peers(), election)
    const first = candidate('first')
    const leadership = await first.campaign()
    expect(await watching.next('leader')).toEqual({
      event: 'leader',
      key: leadership.term,
      revision: String(leadership.fencingToken),
      value: 'first',
    })
    await first.proclaim('first-2')
    expect((await watching.next('leader')).value).toBe('first-2')
    const second = candidate('second').campaign()
    await first.resign()
    expect((await watching.next('leader')).value).toBe('second')
    expect((await second).isValid()).toBe(true)
  })

  test('we and Go take turns, a hundred terms with growing tokens', async () => {
    const { candidate, election } = scope(server.endpoint)
    await using theirs = GoPeer.campaign(peers(), election, 'theirs')
    await theirs.next('session')
    const ours = candidate('ours')
    let last = BigInt((await theirs.next('elected')).revision)
    for (let turn = 0; turn < 50; turn++) {
      const waiting = ours.campaign()
      await until(() => ours.term !== '', { what: 'us to be in the queue' })
      theirs.send('resign')
      await theirs.next('resigned')
      const { fencingToken } = await waiting
      expect(fencingToken).toBeGreaterThan(last)
      theirs.send('campaign theirs')
      const resigned = ours.resign()
      const elected = BigInt((await theirs.next('elected')).revision)
      await resigned
      expect(elected).toBeGreaterThan(fencingToken)
      last = elected
    }
  })
})
