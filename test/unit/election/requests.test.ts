import type { MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, onTestFinished, test } from 'vitest'
import { find, join, leave, readAll, readLeader, rename } from '../../../src/election/requests.js'
import { encode } from '../../../src/election/keys.js'
import type { EtcdApi } from '../../../src/etcd/api.js'
import { Etcd } from '../../../src/etcd/client.js'
import type { KeyValueSchema } from '../../../src/etcd/wire/gen/kv_pb.js'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  KV,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
} from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeCluster } from '../../support/fake-cluster.js'

const { range, txn } = KV.method

function setup(): { api: EtcdApi; cluster: FakeCluster } {
  const cluster = new FakeCluster()
  const etcd = new Etcd({ endpoints: 'a:1', transport: cluster.connect })
  onTestFinished(() => etcd.close())
  return { api: etcd.api, cluster }
}

/** A key as it stands in etcd. */
function kv(term: string, name: string, createRevision: bigint, modRevision = createRevision) {
  return { key: encode(term), value: encode(name), createRevision, modRevision }
}

function rangeOf(kvs: MessageInitShape<typeof KeyValueSchema>[]) {
  return { response: { case: 'responseRange' as const, value: { kvs } } }
}

const candidacy = { election: 'jobs', term: 'jobs/1a', fencingToken: 12n }
const own = encode('jobs/1a')
const prefix = { key: encode('jobs/'), rangeEnd: encode('jobs0') }
const oldestFirst = {
  ...prefix,
  sortOrder: RangeRequest_SortOrder.ASCEND,
  sortTarget: RangeRequest_SortTarget.CREATE,
}

/** Compares the key's create revision; 0 stands for no key. */
const created = (revision: bigint) => ({
  key: own,
  target: Compare_CompareTarget.CREATE,
  result: Compare_CompareResult.EQUAL,
  targetUnion: { case: 'createRevision', value: revision },
})
const unchangedSince = (revision: bigint) => ({
  key: own,
  target: Compare_CompareTarget.MOD,
  result: Compare_CompareResult.EQUAL,
  targetUnion: { case: 'modRevision', value: revision },
})
const nobodyOlder = {
  ...prefix,
  target: Compare_CompareTarget.CREATE,
  result: Compare_CompareResult.GREATER,
  targetUnion: { case: 'createRevision', value: 11n },
}
const putOwn = (name: string) => ({
  request: { case: 'requestPut', value: { key: own, value: encode(name), lease: 0x1an } },
})
const readElection = { request: { case: 'requestRange', value: oldestFirst } }

describe('joining', () => {
  test('makes the key unless it is there, and reads the election after that, in one transaction', async () => {
    const { api, cluster } = setup()
    void join(api, 'jobs', 0x1an, 'web-1', {}).catch(() => undefined)
    await settled()
    expect(cluster.call(txn).request).toMatchObject({
      compare: [created(0n)],
      success: [putOwn('web-1'), readElection],
      failure: [readElection],
    })
  })

  test('gives the token, the place and the whole election', async () => {
    const { api, cluster } = setup()
    const joined = join(api, 'jobs', 0x1an, 'web-1', {})
    await settled()
    const others = [kv('jobs/2b', 'other', 5n, 9n), kv('jobs/1a', 'web-1', 12n)]
    cluster.call(txn).answer({
      header: { revision: 12n, raftTerm: 3n },
      succeeded: true,
      responses: [{ response: { case: 'responsePut', value: {} } }, rangeOf(others)],
    })
    expect(await joined).toMatchObject({
      candidacy,
      name: 'web-1',
      modRevision: 12n,
      snapshot: { revision: 12n, raftTerm: 3n, sortedByCreateRevision: others },
    })
  })

  test('finds a key that was there, with the token and the name that it has', async () => {
    const { api, cluster } = setup()
    const joined = join(api, 'jobs', 0x1an, 'web-1', {})
    await settled()
    cluster.call(txn).answer({
      header: { revision: 20n },
      responses: [rangeOf([kv('jobs/1a', 'earlier', 12n, 15n)])],
    })
    expect(await joined).toMatchObject({ candidacy, name: 'earlier', modRevision: 15n })
  })

  test('does not take the key of another lease for its own', async () => {
    const { api, cluster } = setup()
    const joined = join(api, 'jobs', 0x1an, 'web-1', {})
    await settled()
    cluster.call(txn).answer({
      header: { revision: 20n },
      responses: [rangeOf([kv('jobs/1ab', 'web-1', 12n)])],
    })
    await expect(joined).rejects.toThrow('without the key that it is about: jobs/1a')
  })
})

describe('renaming', () => {
  const ask = (api: EtcdApi, onlyIfLeading: boolean): Promise<bigint | undefined> =>
    rename(api, candidacy, 0x1an, { name: 'web-2', modRevision: 14n, onlyIfLeading }, {})

  test('changes the name of this candidacy, of this state of its key, on its lease', async () => {
    const { api, cluster } = setup()
    const renamed = ask(api, false)
    await settled()
    expect(cluster.call(txn).request).toMatchObject({
      compare: [created(12n), unchangedSince(14n)],
      success: [putOwn('web-2')],
    })
    cluster.call(txn).answer({ succeeded: true, header: { revision: 30n } })
    expect(await renamed).toBe(30n)
  })

  test('of a leader does nothing when there is an older candidate', async () => {
    const { api, cluster } = setup()
    void ask(api, true).catch(() => undefined)
    await settled()
    expect(cluster.call(txn).request).toMatchObject({
      compare: [created(12n), nobodyOlder, unchangedSince(14n)],
    })
  })

  test.each([
    ['is gone', []],
    ['was made anew', [kv('jobs/1a', '', 40n)]],
    ['is as it was, so that it was the lead that was missing', [kv('jobs/1a', '', 12n, 14n)]],
  ])('does nothing when the key %s', async (_what, kvs) => {
    const { api, cluster } = setup()
    const renamed = ask(api, true)
    await settled()
    cluster.call(txn).answer({ header: { revision: 50n }, responses: [rangeOf(kvs)] })
    expect(await renamed).toBeUndefined()
    expect(cluster.calls(txn)).toHaveLength(1)
  })

  test('tries again from the present state of the key when that has changed', async () => {
    const { api, cluster } = setup()
    const renamed = ask(api, true)
    await settled()
    const changed = rangeOf([kv('jobs/1a', '', 12n, 22n)])
    cluster.call(txn).answer({ header: { revision: 25n }, responses: [changed] })
    await settled()
    expect(cluster.calls(txn)).toHaveLength(2)
    expect(cluster.call(txn).request).toMatchObject({
      compare: [created(12n), nobodyOlder, unchangedSince(22n)],
    })
    cluster.call(txn).answer({ succeeded: true, header: { revision: 26n } })
    expect(await renamed).toBe(26n)
  })
})

describe('leaving', () => {
  test('removes the key of this candidacy, and none that was made under the same name later', async () => {
    const { api, cluster } = setup()
    const left = leave(api, candidacy, {})
    await settled()
    expect(cluster.call(txn).request).toMatchObject({
      compare: [created(12n)],
      success: [{ request: { case: 'requestDeleteRange', value: { key: own } } }],
      failure: [],
    })
    cluster.call(txn).answer({ succeeded: false })
    await expect(left).resolves.toBeUndefined()
  })
})

describe('finding', () => {
  test('gives the token of the key that is there, or nothing', async () => {
    const { api, cluster } = setup()
    const found = find(api, 'jobs', 'jobs/1a', {})
    expect(cluster.call(range).request).toMatchObject({ key: own, keysOnly: true })
    cluster.call(range).answer({ kvs: [kv('jobs/1a', '', 12n, 30n)] })
    expect(await found).toEqual(candidacy)
    const missed = find(api, 'jobs', 'jobs/1a', {})
    cluster.call(range).answer({})
    expect(await missed).toBeUndefined()
  })
})

describe('reading', () => {
  test('asks for the oldest only when it is about the leader, and never without etcd agreeing on it', async () => {
    const { api, cluster } = setup()
    const leader = readLeader(api, 'jobs', {})
    expect(cluster.call(range).request).toMatchObject({
      ...oldestFirst,
      limit: 1n,
      serializable: false,
    })
    cluster.call(range).answer({ kvs: [kv('jobs/2b', 'other', 5n, 9n)] })
    expect(await leader).toEqual({ term: 'jobs/2b', name: 'other', fencingToken: 5n, revision: 5n })
    const nobody = readLeader(api, 'jobs', {})
    cluster.call(range).answer({})
    expect(await nobody).toBeUndefined()
  })

  test('returns all candidates, oldest first, as of a revision', async () => {
    const { api, cluster } = setup()
    const all = readAll(api, 'jobs')
    expect(cluster.call(range).request).toMatchObject({ ...oldestFirst, limit: 0n })
    const kvs = [kv('jobs/2b', 'other', 5n), kv('jobs/1a', 'web-1', 12n)]
    cluster.call(range).answer({ header: { revision: 44n, raftTerm: 3n }, kvs })
    expect(await all).toMatchObject({
      revision: 44n,
      raftTerm: 3n,
      sortedByCreateRevision: kvs,
    })
  })
})
