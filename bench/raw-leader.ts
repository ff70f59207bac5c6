// Leads elections by keys alone, so that all subjects wait behind the same kind of leader.

import { create } from '@bufbuild/protobuf'
import {
  connect,
  KV,
  Lease,
  LeaseGrantRequestSchema,
  LeaseRevokeRequestSchema,
  type Operation,
  TxnRequestSchema,
} from './transport.js'

const options = { metadata: {}, timeoutMs: 30_000 }
/** In one request. */
const atOnce = 100

export interface RawLeader {
  /** Gives up all elections at once. */
  leave(): Promise<void>
}

export async function leadRaw(endpoint: string, prefix: string, count: number): Promise<RawLeader> {
  const transport = connect(endpoint)
  const grant = create(LeaseGrantRequestSchema, { TTL: 600n })
  const { ID: lease } = await transport.unary(Lease.method.leaseGrant, grant, options)
  const put = (index: number): Operation => ({
    request: {
      case: 'requestPut',
      value: {
        key: Buffer.from(`${prefix}/${index}/${lease.toString(16)}`),
        value: Buffer.from('web-1'),
        lease,
      },
    },
  })
  for (let from = 0; from < count; from += atOnce) {
    const length = Math.min(atOnce, count - from)
    const success = Array.from({ length }, (_, index) => put(from + index))
    await transport.unary(KV.method.txn, create(TxnRequestSchema, { success }), options)
  }
  return {
    async leave() {
      const revoke = create(LeaseRevokeRequestSchema, { ID: lease })
      await transport.unary(Lease.method.leaseRevoke, revoke, options)
      transport.close()
    },
  }
}
