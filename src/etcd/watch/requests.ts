// What is said on the stream of watches. It must not know when.

import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import {
  WatchCreateRequest_FilterType as Filter,
  type WatchCreateRequestSchema,
  WatchRequestSchema,
} from '../wire/gen/rpc_pb.js'

export type WatchRequest = MessageShape<typeof WatchRequestSchema>

/** Keys from `key` up to, and without, `rangeEnd`. */
export interface WatchedRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** To be told what happens in a range from a revision on, and by and by that nothing does. */
export function watchRequest(
  watchId: bigint,
  { key, rangeEnd }: WatchedRange,
  startRevision: bigint,
): WatchRequest {
  // Progress keeps an idle watch's revision ahead of compactions.
  return createRequest({ watchId, key, rangeEnd, startRevision, progressNotify: true })
}

/** To be told nothing, of a key that may be watched. */
export function decoyRequest(watchId: bigint, { key }: WatchedRange): WatchRequest {
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
