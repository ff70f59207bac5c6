// The pairs of servers to compare, and the etcdctl versions to use: for each etcd its own; with
// CONFORMANCE=all, Debian's and the newest for all of them.

import { servers, type ServerKind } from '../conformance/servers.js'
import { binariesOf } from '../../support/versions.js'

export interface EtcdCtl {
  readonly version: string
  readonly command: string
}

export interface Pair {
  readonly one: ServerKind
  readonly other: ServerKind
  readonly tools: readonly EtcdCtl[]
}

export { servers }

const [one, ...others] = servers
const extremes = [others[0], others.at(-1)].filter((kind) => kind !== undefined)

function toolOf({ version = 'debian' }: ServerKind): EtcdCtl {
  return { version, command: binariesOf(version).etcdctl }
}

export const pairs: readonly Pair[] =
  one === undefined
    ? []
    : others.map((other) => {
        const kinds = process.env['CONFORMANCE'] === 'all' ? [...new Set(extremes)] : [other]
        return { one, other, tools: kinds.map(toolOf) }
      })
