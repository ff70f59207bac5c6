// The watch service. It must not know what a watch tells.

import type { Watch } from '../../etcd/wire/gen/rpc_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import type { Handlers } from '../rpc.js'
import { ServedWatchStream } from '../watch/served-watch-stream.js'

export function watchHandlers(member: DevMember, guard: Guard): Handlers<typeof Watch> {
  return {
    // The rights are looked at once, when a watch begins: an open one goes on when they are taken away, as in etcd.
    watch: (out, caller) =>
      new ServedWatchStream(member, out, (request) => {
        guard.admitWatch(caller, request)
      }),
  }
}
