// The watch service.

import type { Watch } from '../../etcd/wire/gen/rpc_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import type { Handlers } from '../rpc.js'
import { ServedWatchStream } from '../watch/served-watch-stream.js'

export function watchHandlers(member: DevMember, guard: Guard): Handlers<typeof Watch> {
  return {
    // As in etcd, rights are checked once, when a watch is created: it goes on if they are revoked.
    watch: (out, caller) =>
      new ServedWatchStream(member, out, (request) => {
        guard.admitWatch(caller, request)
      }),
  }
}
