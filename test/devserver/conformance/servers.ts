// The servers that the conformance suite runs on.

import { DevServer } from '../../../src/devserver/index.js'
import { startEtcd } from '../../support/etcd.js'
import { builtVersions, isAvailable } from '../../support/versions.js'

export type Series = '3.4' | '3.5' | '3.6' | '3.7'

export interface RunningServer {
  readonly endpoint: string
  close(): Promise<void>
}

export interface ServerOptions {
  /** How often an idle watch that asked for progress gets the store's revision. */
  readonly progressNotifyMs?: number
}

export interface ServerKind {
  readonly name: string
  /** The version of etcd, as in test/support/versions.ts; undefined for the devserver. */
  readonly version?: string
  start(options?: ServerOptions): Promise<RunningServer>
}

function realEtcd(version: string): ServerKind {
  return {
    name: version === 'debian' ? 'etcd of Debian' : `etcd ${version}`,
    version,
    async start({ progressNotifyMs } = {}) {
      const flag = `--${isBefore36(version) ? 'experimental-' : ''}watch-progress-notify-interval`
      const args = progressNotifyMs === undefined ? [] : [flag, `${String(progressNotifyMs)}ms`]
      const etcd = await startEtcd({ version, args })
      return { endpoint: etcd.endpoint, close: () => etcd[Symbol.asyncDispose]() }
    },
  }
}

function isBefore36(version: string): boolean {
  return version === 'debian' || /^3\.[45]\./.test(version)
}

const devserver: ServerKind = {
  name: 'devserver',
  async start({ progressNotifyMs } = {}) {
    const server = await DevServer.start({
      name: 'm0',
      firstRevision: 1n,
      progressNotifyIntervalMs: progressNotifyMs,
      log: () => undefined,
    })
    return { endpoint: server.endpoint, close: () => server.close() }
  },
}

const available = ['debian', ...builtVersions].filter(isAvailable)

/**
 * Debian's and the newest built version, unless CONFORMANCE is `all` or a list like
 * `debian,3.6.16`.
 */
function chosen(choice = process.env['CONFORMANCE']): readonly string[] {
  if (choice === 'all') return available
  if (choice !== undefined)
    return available.filter((version) => choice.split(',').includes(version))
  return available.filter((version) => version === 'debian' || version === available.at(-1))
}

/** The devserver comes first: each etcd is compared with it. */
export const servers: readonly ServerKind[] = [devserver, ...chosen().map(realEtcd)]
