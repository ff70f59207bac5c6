// The table of servers that the conformance suite is run on.
// It must not know what is expected of them.

import { startEtcd } from '../support/etcd.js'
import { builtVersions, isAvailable } from '../support/versions.js'

export type Series = '3.4' | '3.5' | '3.6' | '3.7'

export interface RunningServer {
  readonly endpoint: string
  close(): Promise<void>
}

export interface ServerKind {
  readonly name: string
  start(): Promise<RunningServer>
}

function realEtcd(version: string): ServerKind {
  return {
    name: version === 'debian' ? 'etcd of Debian' : `etcd ${version}`,
    async start() {
      const etcd = await startEtcd({ version })
      return { endpoint: etcd.endpoint, close: () => etcd[Symbol.asyncDispose]() }
    },
  }
}

/** CONFORMANCE=debian,3.6.16 leaves only these. */
const wanted = process.env['CONFORMANCE']?.split(',')

export const realServers: readonly ServerKind[] = ['debian', ...builtVersions]
  .filter((version) => isAvailable(version) && wanted?.includes(version) !== false)
  .map(realEtcd)
