// An etcd in which nothing is written: a client must not take a quiet watch for a dead member.

import { expect, onTestFinished, test } from 'vitest'
import { enableAuth, root } from '../support/auth.js'
import { startEtcd } from '../support/etcd.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'

/** Counts the watch streams that etcd has served, and the messages that it received on them. */
async function watching(endpoint: string): Promise<{ streams: number; messages: number }> {
  const metrics = await (await fetch(`${endpoint}/metrics`)).text()
  const count = (what: string) => {
    const line = new RegExp(`^grpc_server_${what}_total\\{grpc_method="Watch".*\\} (\\d+)$`, 'm')
    return Number(line.exec(metrics)?.[1] ?? 0)
  }
  return { streams: count('started'), messages: count('msg_received') }
}

// On a host that stalls for longer than a probe may take, the client rightly opens another stream.
const stalls = { retry: 3 }

export function quietTests(version: string): void {
  test('one stream of watches is enough for as long as nothing happens', stalls, async () => {
    const server = await startEtcd({ version })
    onTestFinished(() => server[Symbol.asyncDispose]())
    const { candidate } = scope(server.endpoint)
    await candidate('a').campaign()
    // The client has sent three probes; etcd had until the next one to answer each.
    await until(async () => (await watching(server.endpoint)).messages >= 4, {
      what: 'three probes',
    })
    expect((await watching(server.endpoint)).streams).toBe(1)
  })

  test(
    'a refused probe counts as an answer: the stream outlives rights that are taken away',
    stalls,
    async () => {
      const server = await startEtcd({ version })
      onTestFinished(() => server[Symbol.asyncDispose]())
      const user = { name: 'watcher', password: 'secret', prefix: 'election-' }
      await enableAuth(server, [user])
      const { client, observer } = scope(server.endpoint)
      await observer(client({ user: user.name, password: user.password })).start()
      await until(async () => (await watching(server.endpoint)).messages >= 1, { what: 'a watch' })
      const credentials = `--user=${root.name}:${root.password}`
      const revoke = ['user', 'revoke-role', user.name, `role-of-${user.name}`]
      expect((await server.etcdctl(credentials, ...revoke)).code).toBe(0)
      await until(async () => (await watching(server.endpoint)).messages >= 4, {
        what: 'three probes',
      })
      expect((await watching(server.endpoint)).streams).toBe(1)
    },
  )
}
