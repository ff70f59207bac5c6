// Splits the events of a watch into messages of a size that every client accepts.

import type { Event, KeyValue } from '../../etcd/wire/gen/kv_pb.js'

/** etcd fragments at the size of the largest request that it accepts. */
const maxFragmentBytes = 2 * 1024 * 1024

/** About what an event takes besides its keys and values. */
const eventOverheadBytes = 64

/** An event that is too large for a message gets one of its own nevertheless. */
export function splitIntoFragments(events: readonly Event[]): Event[][] {
  const fragments: Event[][] = []
  let fragment: Event[] = []
  let bytes = 0
  for (const event of events) {
    const size = sizeOf(event.kv) + sizeOf(event.prevKv) + eventOverheadBytes
    if (fragment.length > 0 && bytes + size >= maxFragmentBytes) {
      fragments.push(fragment)
      fragment = []
      bytes = 0
    }
    fragment.push(event)
    bytes += size
  }
  return [...fragments, fragment]
}

export function sizeOf(kv: KeyValue | undefined): number {
  return kv === undefined ? 0 : kv.key.length + kv.value.length
}
