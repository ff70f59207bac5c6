import { expect, test } from 'vitest'
import { subscribeToRoster } from '../../../src/election/roster-feeds.js'
import { Watch } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd } from '../../support/fake-etcd.js'

const listener = { changed: () => undefined, failed: () => undefined }

test('all who subscribe to an election over one client share its roster', () => {
  const [one, other] = [new FakeEtcd(), new FakeEtcd()]
  const rosterOf = ({ api }: FakeEtcd, election: string) =>
    subscribeToRoster(api, election, listener).roster
  const roster = rosterOf(one, 'jobs')
  expect(rosterOf(one, 'jobs')).toBe(roster)
  expect(rosterOf(one, 'others')).not.toBe(roster)
  expect(rosterOf(other, 'jobs')).not.toBe(roster)
})

test('after the last subscription the next one begins with an empty roster', () => {
  const { api } = new FakeEtcd()
  const [first, second] = [1, 2].map(() => subscribeToRoster(api, 'jobs', listener))
  first?.release()
  expect(subscribeToRoster(api, 'jobs', listener).roster).toBe(second?.roster)
  const alone = subscribeToRoster(api, 'others', listener)
  alone.release()
  expect(subscribeToRoster(api, 'others', listener).roster).not.toBe(alone.roster)
})

test('a feed that etcd ended does not take a later one with it', async () => {
  const fake = new FakeEtcd()
  const { api, cluster } = fake
  let next: ReturnType<typeof subscribeToRoster> | undefined
  const first = subscribeToRoster(api, 'jobs', {
    changed: () => undefined,
    failed: () => {
      next = subscribeToRoster(api, 'jobs', listener)
    },
  })
  const ready = first.ready()
  fake.answerRead(5n)
  await ready
  await settled()
  const { watch } = Watch.method
  const refusal = { created: true, canceled: true, cancelReason: 'permission denied' }
  cluster.stream(watch).message({ watchId: -1n, ...refusal })
  expect(next?.roster).not.toBe(first.roster)
  first.release()
  expect(subscribeToRoster(api, 'jobs', listener).roster).toBe(next?.roster)
})
