// A devserver in its own process, which reports on request what it holds. Started by measured.ts.

import { systemClock } from '../../../src/base/clock.js'
import { GrpcServer } from '../../../src/devserver/grpc/server.js'
import { DevMember } from '../../../src/devserver/member.js'
import { routerOf } from '../../../src/devserver/router.js'
import { type RpcMethod, Router } from '../../../src/devserver/rpc.js'
import { allKeys } from '../../../src/devserver/store/interval.js'
import type { Counts } from './measured.js'

/** Serves the same methods, and counts the open streams. */
class CountingRouter extends Router {
  streams = 0
  readonly #router: Router

  constructor(router: Router) {
    super()
    this.#router = router
  }

  override find(path: string): RpcMethod {
    const method = this.#router.find(path)
    if (method.kind === 'unary') return method
    return {
      ...method,
      open: (out, caller) => {
        this.streams += 1
        caller.onEnd(() => {
          this.streams -= 1
        })
        return method.open(out, caller)
      },
    }
  }
}

const member = new DevMember({
  name: 'devserver',
  clock: systemClock,
  random: Math.random,
  firstRevision: 1n,
  progressNotifyIntervalMs: 600_000,
})
const router = new CountingRouter(routerOf(member))
const server = new GrpcServer(router)

function counts(): Counts {
  return {
    keys: member.store.count(allKeys),
    changes: [...member.store.changesSince(0n)].length,
    leases: [...member.lessor.all()].length,
    watches: member.watches.size,
    streams: router.streams,
    connections: server.connections,
  }
}

async function bytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate)
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

process.on('disconnect', () => process.exit())
process.on('message', (what: 'counts' | 'bytes') => {
  if (what === 'counts') process.send?.(counts())
  else void bytes().then((answer) => process.send?.(answer))
})
process.send?.(await server.listen('127.0.0.1', 0))
