// etcd's own election service.

import { expect, test } from 'vitest'
import { Event_EventType as EventType } from '../../../../src/etcd/wire/gen/kv_pb.js'
import { failure } from '../raw/client.js'
import { header, keyspace, leaseId, positive, type Subject } from '../subject.js'

export function electionCases(subject: () => Subject): void {
  async function lease(): Promise<bigint> {
    const id = leaseId()
    await subject().etcd.grant(600n, id)
    return id
  }

  const keyOf = (name: string, id: bigint) => `${name}/${id.toString(16)}`

  test('an uncontended campaign wins at once, with a key like any candidate', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = await lease()
    const before = await etcd.revision()
    const rev = before + 1n
    expect(await etcd.call(etcd.election.campaign, { name, lease: id, value: 'web-1' })).toEqual({
      header: header(rev),
      leader: { name, key: keyOf(name, id), rev, lease: id },
    })
    const kv = {
      key: keyOf(name, id),
      value: 'web-1',
      createRevision: rev,
      modRevision: rev,
      version: 1n,
      lease: id,
    }
    expect((await etcd.range({ key: keyOf(name, id) })).kvs).toEqual([kv])
    expect(await etcd.call(etcd.election.leader, { name })).toEqual({ header: header(rev), kv })
    await etcd.revoke(id)
  })

  test('a campaign waits for the leader, and wins when the leader resigns', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const [one, two] = [await lease(), await lease()]
    const first = await etcd.call(etcd.election.campaign, { name, lease: one, value: '1' })
    const joined = etcd.watch({ key: keyOf(name, two) })
    await joined.next()
    const second = etcd.call(etcd.election.campaign, { name, lease: two, value: '2' })
    await joined.next()
    expect((await etcd.call(etcd.election.leader, { name })).kv?.value).toBe('1')
    const before = await etcd.revision()
    expect(await etcd.call(etcd.election.resign, { leader: first.leader ?? {} })).toEqual({
      header: header(before + 1n),
    })
    expect((await second).leader).toEqual({ name, key: keyOf(name, two), rev: before, lease: two })
    joined.cancel()
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('a second campaign on the same lease returns at once, and proclaims its value', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = await lease()
    const first = await etcd.call(etcd.election.campaign, { name, lease: id, value: '1' })
    const again = await etcd.call(etcd.election.campaign, { name, lease: id, value: '2' })
    expect(again.leader).toEqual(first.leader)
    expect((await etcd.call(etcd.election.leader, { name })).kv?.value).toBe('2')
    await etcd.revoke(id)
  })

  test('a campaign without a lease gets one of 60 seconds', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const { leader } = await etcd.call(etcd.election.campaign, { name, value: '1' })
    expect(leader).toEqual({
      name,
      key: keyOf(name, leader?.lease ?? 0n),
      rev: positive,
      lease: positive,
    })
    expect((await etcd.timeToLive({ ID: leader?.lease ?? 0n })).grantedTTL).toBe(60n)
    await etcd.revoke(leader?.lease ?? 0n)
  })

  test('a campaign on a missing lease is refused and leaves no key', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = leaseId()
    expect(await failure(etcd.call(etcd.election.campaign, { name, lease: id, value: '1' }))).toBe(
      'UNKNOWN etcdserver: requested lease not found',
    )
    expect((await etcd.range({ key: keyOf(name, id) })).count).toBeUndefined()
  })

  test('a waiting campaign whose lease is revoked is told that it won when its turn comes', async () => {
    // The library guards against this etcd bug (https://github.com/etcd-io/etcd/issues/22387).
    const { etcd } = subject()
    const name = keyspace()('e')
    const [one, two] = [await lease(), await lease()]
    const first = await etcd.call(etcd.election.campaign, { name, lease: one, value: '1' })
    const joined = etcd.watch({ key: keyOf(name, two) })
    await joined.next()
    const second = etcd.call(etcd.election.campaign, { name, lease: two, value: '2' })
    const rev = (await joined.next()).header?.revision
    await etcd.revoke(two)
    await etcd.call(etcd.election.resign, { leader: first.leader ?? {} })
    expect((await second).leader).toEqual({ name, key: keyOf(name, two), rev, lease: two })
    expect((await etcd.range({ key: keyOf(name, two) })).count).toBeUndefined()
    joined.cancel()
    await etcd.revoke(one)
  })

  test('a waiting campaign that its client cancels leaves no key', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const [one, two] = [await lease(), await lease()]
    await etcd.call(etcd.election.campaign, { name, lease: one, value: '1' })
    const events = etcd.watch({ key: keyOf(name, two) })
    await events.next()
    const giveUp = new AbortController()
    const request = { name, lease: two, value: '2' }
    const second = failure(etcd.call(etcd.election.campaign, request, giveUp.signal))
    expect((await events.next()).events?.[0]?.type).toBeUndefined()
    // By the time the server has answered this, the campaign knows that it has joined.
    await etcd.revision()
    giveUp.abort()
    expect(await second).toBe('CANCELLED Cancelled on client')
    expect((await events.next()).events?.[0]?.type).toBe(EventType.DELETE)
    events.cancel()
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('an election without candidates has no leader', async () => {
    const { etcd } = subject()
    expect(await failure(etcd.call(etcd.election.leader, { name: keyspace()('e') }))).toBe(
      'UNKNOWN election: no leader',
    )
  })

  test('the leader can proclaim; a former leader is refused', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = await lease()
    const { leader } = await etcd.call(etcd.election.campaign, { name, lease: id, value: '1' })
    const before = await etcd.revision()
    expect(await etcd.call(etcd.election.proclaim, { leader: leader ?? {}, value: '2' })).toEqual({
      header: header(before + 1n),
    })
    expect((await etcd.call(etcd.election.leader, { name })).kv?.value).toBe('2')
    await etcd.call(etcd.election.resign, { leader: leader ?? {} })
    expect(
      await failure(etcd.call(etcd.election.proclaim, { leader: leader ?? {}, value: '3' })),
    ).toBe('UNKNOWN election: not leader')
    await etcd.revoke(id)
  })

  test('resigning a term that is over changes nothing and is not an error', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = await lease()
    const { leader } = await etcd.call(etcd.election.campaign, { name, lease: id, value: '1' })
    await etcd.call(etcd.election.resign, { leader: leader ?? {} })
    const again = await etcd.call(etcd.election.campaign, { name, lease: id, value: '2' })
    const revision = await etcd.revision()
    expect(await etcd.call(etcd.election.resign, { leader: leader ?? {} })).toEqual({
      header: header(revision),
    })
    expect((await etcd.call(etcd.election.leader, { name })).kv?.createRevision).toBe(
      again.leader?.rev,
    )
    await etcd.revoke(id)
  })

  test('proclaiming or resigning without a leader key is refused', async () => {
    const { etcd } = subject()
    const refused = 'UNKNOWN "leader" field must be provided'
    expect(await failure(etcd.call(etcd.election.proclaim, { value: '1' }))).toBe(refused)
    expect(await failure(etcd.call(etcd.election.resign, {}))).toBe(refused)
  })

  test('observing sends the leader, each proclamation, and the next leader', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const [one, two] = [await lease(), await lease()]
    const first = await etcd.call(etcd.election.campaign, { name, lease: one, value: 'a' })
    const stream = etcd.serverStream(etcd.election.observe, { name })
    const nextLeader = async () => {
      const { header: at, kv } = await stream.next()
      return [at?.revision, kv?.key, kv?.value]
    }
    expect(await nextLeader()).toEqual([first.leader?.rev, keyOf(name, one), 'a'])
    await etcd.call(etcd.election.proclaim, { leader: first.leader ?? {}, value: 'b' })
    expect(await nextLeader()).toEqual([positive, keyOf(name, one), 'b'])
    const second = etcd.call(etcd.election.campaign, { name, lease: two, value: 'c' })
    await etcd.call(etcd.election.resign, { leader: first.leader ?? {} })
    await second
    expect(await nextLeader()).toEqual([positive, keyOf(name, two), 'c'])
    stream.cancel()
    await etcd.revoke(one)
    await etcd.revoke(two)
  })

  test('observing an election without a leader waits for the first one', async () => {
    const { etcd } = subject()
    const name = keyspace()('e')
    const id = await lease()
    const stream = etcd.serverStream(etcd.election.observe, { name })
    await etcd.call(etcd.election.campaign, { name, lease: id, value: 'a' })
    expect((await stream.next()).kv?.value).toBe('a')
    stream.cancel()
    await etcd.revoke(id)
  })
}
