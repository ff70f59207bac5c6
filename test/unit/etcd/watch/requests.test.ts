import { expect, test } from 'vitest'
import { encode } from '../../../../src/election/keys.js'
import { cancelRequest, probeRequest, watchRequest } from '../../../../src/etcd/watch/requests.js'
import { WatchCreateRequest_FilterType as Filter } from '../../../../src/etcd/wire/gen/rpc_pb.js'

const range = { key: encode('jobs/'), rangeEnd: encode('jobs0') }

test('a watch covers its range from its revision on, and is told of progress', () => {
  const { requestUnion } = watchRequest(3n, range, 10n)
  expect(requestUnion.case).toBe('createRequest')
  expect(requestUnion.value).toMatchObject({
    ...range,
    ...{ watchId: 3n, startRevision: 10n, progressNotify: true, filters: [] },
  })
})

test('a probe is for a key that may be watched, and leaves out all events and progress', () => {
  const { requestUnion } = probeRequest(4n, range)
  expect(requestUnion.case).toBe('createRequest')
  expect(requestUnion.value).toMatchObject({
    ...{ watchId: 4n, key: range.key, rangeEnd: new Uint8Array(), startRevision: 0n },
    ...{ progressNotify: false, filters: [Filter.NOPUT, Filter.NODELETE] },
  })
})

test('a cancellation names the watch', () => {
  expect(cancelRequest(5n).requestUnion).toMatchObject({
    case: 'cancelRequest',
    value: { watchId: 5n },
  })
})
