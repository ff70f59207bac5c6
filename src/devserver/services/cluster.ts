// The cluster service: lists the one member.

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
        // As in etcd: the member list does not depend on the store, so the header has no revision.
        header: { ...member.header(), revision: 0n },
        // The devserver has no peer port, but clients expect at least one URL.
        members: [{ ID, name, peerURLs: clientURLs, clientURLs }],
      })
    },
  }
}
