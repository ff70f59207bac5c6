// All of etcd is down for longer than the TTL: for 10 s in a normal run, and for 30, 60 and 120 s
// with `npm run test:outages`.

import { expect, onTestFinished, test } from 'vitest'
import type { Leadership } from '../../src/index.js'
import { startEtcd } from '../support/etcd.js'
import { Proxy } from '../support/proxy.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'

const outages = (process.env['OUTAGES'] ?? '10').split(',').map(Number)

test.each(outages)(
  'etcd down for %i s: one leader afterwards, one key each, and no storm of requests meanwhile',
  { timeout: 300_000 },
  async (seconds) => {
    const server = await startEtcd()
    onTestFinished(() => server[Symbol.asyncDispose]())
    const { candidate, client, election } = scope(server.endpoint)
    const names = ['a', 'b', 'c']
    const proxies = await Promise.all(names.map(() => Proxy.before(server.port)))
    onTestFinished(async () => {
      await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()))
    })
    const terms: Leadership[] = []
    const stop = new AbortController()
    const leading = names.map((name, index) => {
      const endpoints = proxies[index]?.endpoint ?? ''
      const work = async (leadership: Leadership): Promise<void> => {
        terms.push(leadership)
        await leadership.ended
      }
      return candidate(name, { on: client({ endpoints }), ttl: 5 }).lead(work, {
        signal: stop.signal,
      })
    })
    const keys = async (): Promise<string[]> => {
      const { stdout } = await server.etcdctl('get', '--prefix', election, '--print-value-only')
      return stdout.split('\n').filter((line) => line !== '')
    }
    await until(async () => (await keys()).length === 3 && terms.length >= 1, { what: 'a leader' })

    await server.kill()
    const heapBefore = await heapUsed()
    const dialledBefore = proxies.map(({ dialled }) => dialled)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    const heapAfter = await heapUsed()
    for (const [index, proxy] of proxies.entries()) {
      // grpc-js waits for 0.1 to 1 s before it dials again, on the channels of at most two clients.
      expect(proxy.dialled - (dialledBefore[index] ?? 0)).toBeLessThan(10 + 3 * seconds)
    }
    expect(heapAfter - heapBefore).toBeLessThan(16 * 2 ** 20)
    expect(terms.filter((term) => term.isValid())).toEqual([])

    await server.restart()
    await until(() => terms.some((term) => term.isValid()), { what: 'a leader', timeoutMs: 60_000 })
    await until(async () => (await keys()).toSorted().join('') === 'abc', {
      what: 'one key each',
      timeoutMs: 60_000,
    })
    // There is never more than one valid leadership.
    let valid: Leadership[] = []
    await until(() => (valid = terms.filter((term) => term.isValid())).length > 0, {
      what: 'a valid term',
    })
    expect(valid).toHaveLength(1)
    stop.abort()
    await Promise.all(leading)
  },
)

/** Returns the heap that is in use after a garbage collection, in bytes. */
async function heapUsed(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
