// The lease service: grants, revokes, keeps alive and lists leases.

import { create } from '@bufbuild/protobuf'
import {
  type Lease,
  LeaseGrantResponseSchema,
  LeaseKeepAliveResponseSchema,
  LeaseLeasesResponseSchema,
  LeaseRevokeResponseSchema,
  LeaseTimeToLiveResponseSchema,
} from '../../etcd/wire/gen/rpc_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import { asRpcError, type Handlers } from '../rpc.js'
import { keyBytes } from '../store/interval.js'

/** The TTL in the response for a lease that does not exist. */
const missingLeaseTtl = -1n

export function leaseHandlers(member: DevMember, guard: Guard): Handlers<typeof Lease> {
  const { lessor } = member
  return {
    leaseGrant: ({ TTL, ID }, caller) => {
      guard.admitUser(caller)
      const lease = member.grant(TTL, ID)
      return create(LeaseGrantResponseSchema, {
        header: member.header(),
        ID: lease.id,
        TTL: lease.ttl,
      })
    },

    leaseRevoke: ({ ID }, caller) => {
      guard.admitLeaseRevoke(caller, ID)
      member.revoke(ID)
      return create(LeaseRevokeResponseSchema, { header: member.header() })
    },

    leaseKeepAlive: (out, caller) => ({
      message: ({ ID }) => {
        try {
          guard.admitUser(caller)
        } catch (error) {
          out.end(asRpcError(error))
          return
        }
        // A missing lease is no error here: the response has a TTL of 0.
        const TTL = lessor.renew(ID)?.ttl ?? 0n
        out.send(create(LeaseKeepAliveResponseSchema, { header: member.header(), ID, TTL }))
      },
      halfClosed: () => {
        out.end()
      },
    }),

    leaseTimeToLive: (request, caller) => {
      guard.admitLeaseTimeToLive(caller, request)
      const { ID, keys } = request
      const lease = lessor.get(ID)
      const leftMs = lessor.remainingMs(ID)
      const header = member.header()
      return create(
        LeaseTimeToLiveResponseSchema,
        lease === undefined || leftMs <= 0
          ? { header, ID, TTL: missingLeaseTtl }
          : {
              header,
              ID,
              TTL: BigInt(Math.floor(leftMs / 1000)),
              grantedTTL: lease.ttl,
              keys: keys ? [...lease.keys].map(keyBytes) : [],
            },
      )
    },

    leaseLeases: (_, caller) => {
      guard.admitUser(caller)
      const leases = [...lessor.all()].map(({ id }) => ({ ID: id }))
      return create(LeaseLeasesResponseSchema, { header: member.header(), leases })
    },
  }
}
