// What happened to one key in one revision. It must not know who is told of it.

import { create } from '@bufbuild/protobuf'
import {
  type Event,
  type Event_EventType,
  EventSchema,
  type KeyValue,
} from '../../etcd/wire/gen/kv_pb.js'

export interface Change {
  /** The key as text, see interval.ts. */
  readonly key: string
  readonly type: Event_EventType
  /** What was put; of a deletion only the key and the revision are set. */
  readonly kv: KeyValue
  readonly before: KeyValue | undefined
}

export function toEvent({ type, kv, before }: Change, withPrevious: boolean): Event {
  return create(EventSchema, {
    type,
    kv,
    ...(withPrevious && before !== undefined && { prevKv: before }),
  })
}
