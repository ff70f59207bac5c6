// Cuts what a watch tells into messages of a size that every client takes. It must not know who is told.

import type { Event, KeyValue } from '../../etcd/wire/gen/kv_pb.js'

/** The largest request that etcd takes, which it also keeps to here. */
const mostBytes = 2 * 1024 * 1024

/** About what an event takes beside its keys and values. */
const otherBytes = 64

/** One event too large for a message still gets one of its own. */
export function cutToSize(events: readonly Event[]): Event[][] {
  const pieces: Event[][] = []
  let piece: Event[] = []
  let bytes = 0
  for (const event of events) {
    const size = sizeOf(event.kv) + sizeOf(event.prevKv) + otherBytes
    if (piece.length > 0 && bytes + size >= mostBytes) {
      pieces.push(piece)
      piece = []
      bytes = 0
    }
    piece.push(event)
    bytes += size
  }
  return [...pieces, piece]
}

export function sizeOf(kv: KeyValue | undefined): number {
  return kv === undefined ? 0 : kv.key.length + kv.value.length
}
