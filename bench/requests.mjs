// What etcd was asked, as etcd itself counted it: requests, and messages that came over streams.
// It counts those of all clients, so nobody else may be at work.
import { setTimeout as pause } from 'node:timers/promises'

const counter = /^grpc_server_msg_received_total\{grpc_method="(\w+)".*\} (\d+)$/gm

async function received(endpoints) {
  const counts = new Map()
  for (const endpoint of endpoints) {
    const response = await fetch(new URL('/metrics', endpoint))
    for (const [, method, count] of (await response.text()).matchAll(counter)) {
      counts.set(method, (counts.get(method) ?? 0) + Number(count))
    }
  }
  return counts
}

/** Until nothing more arrives, for some requests are sent after the answer that was waited for. */
async function settled(endpoints) {
  let before = await received(endpoints)
  for (;;) {
    await pause(50)
    const now = await received(endpoints)
    if ([...now].every(([method, count]) => before.get(method) === count)) return now
    before = now
  }
}

/** How many streams are open, how many leases were ever granted, and how many requests there were, once all is quiet. */
export async function stateWhenQuiet(endpoint) {
  await settled([endpoint])
  return stateOf(endpoint)
}

export async function stateOf(endpoint) {
  const response = await fetch(new URL('/metrics', endpoint))
  const text = await response.text()
  const bidi = (what) => {
    const lines = text.matchAll(new RegExp(`^grpc_server_${what}_total{(.*)} (\\d+)$`, 'gm'))
    return [...lines]
      .filter(([, labels]) => labels.includes('grpc_type="bidi_stream"'))
      .reduce((sum, [, , count]) => sum + Number(count), 0)
  }
  return {
    streams: bidi('started') - bidi('handled'),
    leases: Number(/^etcd_debugging_lease_granted_total (\d+)$/m.exec(text)?.[1] ?? NaN),
    requests: [...text.matchAll(counter)].reduce((sum, [, , count]) => sum + Number(count), 0),
  }
}

/** Runs `act` once; resolves with how often each method was asked meanwhile, as `{ Txn: 1 }`. */
export async function requestsOf(endpoints, act) {
  const before = await settled(endpoints)
  await act()
  const after = await settled(endpoints)
  const counts = [...after].map(([method, count]) => [method, count - (before.get(method) ?? 0)])
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
