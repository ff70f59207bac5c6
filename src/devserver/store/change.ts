// One change of one key in one revision.

import { create } from '@bufbuild/protobuf'
import {
  type Event,
  type Event_EventType,
  EventSchema,
  type KeyValue,
} from '../../etcd/wire/gen/kv_pb.js'

export interface Change {
  /** The key as text: see interval.ts. */
  readonly key: string
  readonly type: Event_EventType
  /** What was put; for a delete, only the key and the mod revision are set. */
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
