// Runs a suite that needs only a server for clients and etcdctl on the devserver and on every etcd.

import { describe } from 'vitest'
import { DevServer } from '../../src/devserver/index.js'
import { type Output, run } from './command.js'
import { startEtcd } from './etcd.js'
import { binariesOf, describeVersions } from './versions.js'

export interface Server extends AsyncDisposable {
  readonly endpoint: string
  /** The real etcdctl, against this server. */
  etcdctl(...args: string[]): Promise<Output>
}

/** @param version as in versions.ts, or `devserver`. */
export async function startServer(version: string): Promise<Server> {
  if (version !== 'devserver') return await startEtcd({ version })
  const server = await DevServer.start({ firstRevision: 1n, log: () => undefined })
  const { etcdctl } = binariesOf('debian')
  return {
    endpoint: server.endpoint,
    etcdctl: (...args) =>
      run(
        etcdctl,
        ['--command-timeout=20s', `--endpoints=${new URL(server.endpoint).host}`, ...args],
        {
          env: { ETCDCTL_API: '3' },
        },
      ),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** Runs the same tests on the devserver and on every etcd. */
export function describeServers(suite: (version: string) => void): void {
  describe('devserver', () => {
    suite('devserver')
  })
  describeVersions(suite)
}
