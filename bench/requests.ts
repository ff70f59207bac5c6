// Counts, by etcd's own counters, the requests and the messages over streams that etcd got. The
// counters cover all clients, so no other client may be at work.

import { setTimeout as pause } from 'node:timers/promises'
import type { Requests } from './result.js'

export interface EtcdState {
  /** Those that are open. */
  readonly streams: number
  /** All that were ever granted. */
  readonly leases: number
  readonly requests: number
}

async function metricsOf(endpoint: string): Promise<string> {
  const response = await fetch(new URL('/metrics', endpoint))
  return response.text()
}

/** What arrived of each method, in messages. */
function receivedIn(metrics: string): [method: string, count: number][] {
  const counter = /^grpc_server_msg_received_total\{grpc_method="(\w+)".*\} (\d+)$/gm
  return [...metrics.matchAll(counter)].map(([, method = '', count]) => [method, Number(count)])
}

async function received(endpoints: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const endpoint of endpoints) {
    for (const [method, count] of receivedIn(await metricsOf(endpoint))) {
      counts.set(method, (counts.get(method) ?? 0) + count)
    }
  }
  return counts
}

/** Waits until nothing more arrives: some requests follow the awaited answer. */
async function settled(endpoints: readonly string[]): Promise<Map<string, number>> {
  let before = await received(endpoints)
  for (;;) {
    await pause(50)
    const now = await received(endpoints)
    if ([...now].every(([method, count]) => before.get(method) === count)) return now
    before = now
  }
}

export async function stateWhenQuiet(endpoint: string): Promise<EtcdState> {
  await settled([endpoint])
  return stateOf(endpoint)
}

export async function stateOf(endpoint: string): Promise<EtcdState> {
  const metrics = await metricsOf(endpoint)
  const bidi = (what: 'started' | 'handled'): number => {
    const lines = metrics.matchAll(new RegExp(`^grpc_server_${what}_total{(.*)} (\\d+)$`, 'gm'))
    return [...lines]
      .filter(([, labels = '']) => labels.includes('grpc_type="bidi_stream"'))
      .reduce((sum, [, , count]) => sum + Number(count), 0)
  }
  return {
    streams: bidi('started') - bidi('handled'),
    leases: Number(/^etcd_debugging_lease_granted_total (\d+)$/m.exec(metrics)?.[1]),
    requests: receivedIn(metrics).reduce((sum, [, count]) => sum + count, 0),
  }
}

/** Runs `act` once; resolves with how often each method was asked meanwhile, as `{ Txn: 1 }`. */
export async function requestsOf(
  endpoints: readonly string[],
  act: () => unknown,
): Promise<Requests> {
  const before = await settled(endpoints)
  await act()
  const after = await settled(endpoints)
  const counts = [...after].map(
    ([method, count]) => [method, count - (before.get(method) ?? 0)] as const,
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
