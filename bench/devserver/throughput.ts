// Measures how many requests a second a server answers, and how long each takes.

import { create } from '@bufbuild/protobuf'
import type { Transport } from '../../src/etcd/wire/transport.js'
import { median } from '../stats.js'
import { connect, KV, PutRequestSchema, RangeRequestSchema } from '../transport.js'

const warmUps = 500
const key = Buffer.from('bench')
const options = { metadata: {}, timeoutMs: 10_000 }

export type Call = (transport: Transport) => Promise<unknown>

const putRequest = create(PutRequestSchema, { key, value: Buffer.from('x'.repeat(100)) })
export const put: Call = (transport) => transport.unary(KV.method.put, putRequest, options)

const rangeRequest = create(RangeRequestSchema, { key })
export const get: Call = (transport) => transport.unary(KV.method.range, rangeRequest, options)

export interface Throughput {
  readonly perSecond: number
  readonly medianMs: number
}

/** Measures with this many requests at once. */
export async function throughput(
  endpoint: string,
  { call, atOnce, forMs }: { readonly call: Call; readonly atOnce: number; readonly forMs: number },
): Promise<Throughput> {
  const transport = connect(endpoint)
  for (let i = 0; i < warmUps; i++) await call(transport)
  const tookMs: number[] = []
  const startMs = performance.now()
  const worker = async (): Promise<void> => {
    while (performance.now() - startMs < forMs) {
      const sentMs = performance.now()
      await call(transport)
      tookMs.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const seconds = (performance.now() - startMs) / 1_000
  transport.close()
  return { perSecond: Math.round(tookMs.length / seconds), medianMs: median(tookMs) }
}
