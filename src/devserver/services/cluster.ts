// The cluster service: a cluster of one. It must not know how clients reach it, beyond the URLs.

import { create } from '@bufbuild/protobuf'
import { type Cluster, MemberListResponseSchema } from '../../etcd/wire/gen/cluster_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import type { Handlers } from '../rpc.js'

export function clusterHandlers(member: DevMember, guard: Guard): Handlers<typeof Cluster> {
  return {
    memberList: (_, caller) => {
      guard.admitUser(caller)
      const { id: ID, name } = member
      const clientURLs = [...member.clientUrls]
      return create(MemberListResponseSchema, {
        // Who is in the cluster is no matter of the store, so its revision is not told.
        header: { ...member.header(), revision: 0n },
        // Nobody listens for peers; but clients count on there being a URL.
        members: [{ ID, name, peerURLs: clientURLs, clientURLs }],
      })
    },
  }
}
