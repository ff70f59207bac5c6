// Makes the requests that the client sends on the watch stream.

import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import {
  WatchCreateRequest_FilterType as Filter,
  type WatchCreateRequestSchema,
  WatchRequestSchema,
} from '../wire/gen/rpc_pb.js'

export type WatchRequest = MessageShape<typeof WatchRequestSchema>

/** The keys from `key`, inclusive, to `rangeEnd`, exclusive. */
export interface WatchedRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** Watches a range from a revision on; while nothing happens there, etcd reports its progress. */
export function watchRequest(
  watchId: bigint,
  { key, rangeEnd }: WatchedRange,
  startRevision: bigint,
): WatchRequest {
  // Progress keeps an idle watch's revision ahead of compactions.
  return createRequest({ watchId, key, rangeEnd, startRevision, progressNotify: true })
}

/** Creates a watch that etcd confirms and then never reports on, for a key that may be watched. */
export function probeRequest(watchId: bigint, { key }: WatchedRange): WatchRequest {
  return createRequest({ watchId, key, filters: [Filter.NOPUT, Filter.NODELETE] })
}

export function cancelRequest(watchId: bigint): WatchRequest {
  return create(WatchRequestSchema, {
    requestUnion: { case: 'cancelRequest', value: { watchId } },
  })
}

function createRequest(value: MessageInitShape<typeof WatchCreateRequestSchema>): WatchRequest {
  return create(WatchRequestSchema, { requestUnion: { case: 'createRequest', value } })
}
