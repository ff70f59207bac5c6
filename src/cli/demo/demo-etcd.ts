// The etcd that the demo runs on: one in memory, or one that the user names.

import { connect } from '../connect.js'
import type { Context } from '../definition/command-spec.js'
import { DevServer } from '../devserver.js'
import { Etcd } from '../library.js'

export interface DemoEtcd extends AsyncDisposable {
  readonly etcd: Etcd
  /** In the form of `--endpoints`. */
  readonly endpoints: string
  readonly election: string
  readonly description: string
}

/** @throws as `connect()` when the user names one. */
export async function openDemoEtcd(context: Context): Promise<DemoEtcd> {
  const { endpoints } = context.options as { readonly endpoints?: string }
  return endpoints === undefined ? inMemory() : onEtcd(connect(context), endpoints)
}

async function inMemory(): Promise<DemoEtcd> {
  const server = await DevServer.start({ log: () => undefined })
  const { endpoint } = server
  const etcd = new Etcd({ endpoints: endpoint })
  return {
    etcd,
    endpoints: endpoint,
    election: 'demo',
    description: `etcd in memory at ${endpoint}`,
    async [Symbol.asyncDispose]() {
      await etcd.close()
      await server.close()
    },
  }
}

function onEtcd(etcd: Etcd, endpoints: string): DemoEtcd {
  return {
    etcd,
    endpoints,
    // An election that no other program uses.
    election: `demo-${crypto.randomUUID().slice(0, 8)}`,
    description: `etcd at ${endpoints}`,
    [Symbol.asyncDispose]: () => etcd.close(),
  }
}
