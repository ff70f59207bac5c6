// Leaders and waiters while etcd is not down but slow, full, silent or without its data.

import { type AddressInfo, createServer } from 'node:net'
import { isMessage } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { expect, onTestFinished, test } from 'vitest'
import { KV, TxnRequestSchema, type TxnResponse } from '../../src/etcd/wire/gen/rpc_pb.js'
import { GrpcTransport } from '../../src/etcd/wire/grpc.js'
import type { TransportFactory } from '../../src/etcd/wire/transport.js'
import { TimeoutError } from '../../src/index.js'
import { startEtcd } from '../support/etcd.js'
import { Proxy } from '../support/proxy.js'
import { isPending, scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'

async function etcd(args: string[] = []) {
  const server = await startEtcd({ args })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

test('an etcd that comes back without its data has a leader again, and nobody storms it', async () => {
  const server = await etcd()
  for (let i = 0; i < 20; i++) await server.etcdctl('put', 'some', 'revisions')
  const { candidate, client, observer } = scope(server.endpoint)
  const a = candidate('a', { on: client(), ttl: 10 })
  const b = candidate('b', { on: client(), ttl: 10 })
  const watching = observer(client())
  await watching.start()
  const old = await a.campaign()
  const next = b.campaign()
  await until(() => b.term !== '', { what: 'b to be in the queue' })
  await server.restart({ wipe: true })
  const leadership = await next
  await expect(old.ended).resolves.toMatch(/revoked|expired|deleted/)
  expect(leadership.isValid()).toBe(true)
  await seen(watching, 'b')
  const { stdout } = await server.etcdctl('get', '--prefix', '', '--keys-only')
  expect(stdout.trim()).toBe(leadership.term)
  const metrics = await (await fetch(`${server.endpoint}/metrics`)).text()
  const txns = /grpc_server_handled_total\{grpc_code="OK",grpc_method="Txn".*\} (\d+)/.exec(metrics)
  expect(Number(txns?.[1])).toBeLessThan(10)
})

test.each([
  { ttl: 2, delayMs: 110 },
  { ttl: 5, delayMs: 230 },
  // So short a TTL does not survive a host that stalls on top of that.
])(
  'a TTL of $ttl s survives a way of $delayMs ms to etcd and as much back',
  { retry: 3 },
  async (way) => {
    const server = await etcd()
    const proxy = await Proxy.before(server.port)
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    proxy.delay(way.delayMs)
    const { candidate } = scope(proxy.endpoint)
    const leadership = await candidate('a', { ttl: way.ttl }).campaign()
    let renewals = 0
    let last = leadership.remainingMs()
    await until(
      () => {
        const now = leadership.remainingMs()
        if (now > last) renewals += 1
        last = now
        return renewals >= 5 || leadership.signal.aborted
      },
      { what: 'five renewals' },
    )
    expect(leadership.signal.aborted).toBe(false)
  },
)

test('what etcd does not confirm is not reported as done: resigning and closing while it hangs', async () => {
  const server = await etcd()
  const { candidate, client, election, session } = scope(server.endpoint)
  const shared = session({ ttl: 5 }, client())
  const a = candidate('a', { on: shared })
  const b = candidate('b', { on: client(), ttl: 60 })
  const leadership = await a.campaign()
  const next = b.campaign()
  await until(() => b.term !== '', { what: 'b to be in the queue' })
  await server.pause()
  const resigned = a.resign()
  expect(leadership.isValid()).toBe(false)
  await expect(resigned).rejects.toBeInstanceOf(TimeoutError)
  server.resume()
  // The library clears up what was left behind, without another call.
  await next
  const { stdout } = await server.etcdctl('get', '--prefix', election, '--keys-only')
  expect(stdout.trim()).toBe(b.term)
})

test('lead() outlives a proxy that takes connections and drops them during the TLS handshake', async () => {
  const dropping = createServer((socket) => socket.once('data', () => socket.destroy()))
  await new Promise<void>((resolve) => dropping.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    dropping.close()
  })
  const { port } = dropping.address() as AddressInfo
  const { candidate, client } = scope('127.0.0.1:1')
  const etcdBehind = client({ endpoints: `https://127.0.0.1:${String(port)}`, callTimeoutMs: 300 })
  const stop = new AbortController()
  const led = candidate('a', { on: etcdBehind }).lead(() => undefined, { signal: stop.signal })
  let attempts = 0
  dropping.on('connection', () => (attempts += 1))
  await until(() => attempts >= 3, { what: 'three attempts' })
  expect(await isPending(led)).toBe(true)
  stop.abort()
  await led
})

test('lead() outlives an etcd that is full, and leads again when there is room', async () => {
  const server = await etcd(['--quota-backend-bytes', '2000000'])
  const { candidate } = scope(server.endpoint)
  const a = candidate('a', { ttl: 5 })
  const stop = new AbortController()
  const tokens: bigint[] = []
  const led = a.lead(
    async ({ fencingToken, signal }) => {
      tokens.push(fencingToken)
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve)
      })
    },
    { signal: stop.signal },
  )
  await until(() => tokens.length === 1, { what: 'the first term' })
  const big = 'x'.repeat(100_000)
  await until(async () => /exceeded/.test((await server.etcdctl('put', 'big', big)).stderr), {
    what: 'etcd to be full',
  })
  await server.etcdctl('del', a.term)
  await until(() => a.term === '', { what: 'the loss' })
  // Campaigns fail meanwhile.
  await expect(candidate('b').campaign()).rejects.toMatchObject({
    code: 'ELECT_REFUSED',
    retryable: true,
  })
  expect(await isPending(led)).toBe(true)
  const { stdout } = await server.etcdctl('get', 'big', '-w', 'fields')
  const revision = /"Revision" : (\d+)/.exec(stdout)?.[1] ?? ''
  // Only physical compaction makes room.
  expect((await server.etcdctl('compact', '--physical', revision)).code).toBe(0)
  expect((await server.etcdctl('defrag')).code).toBe(0)
  expect((await server.etcdctl('alarm', 'disarm')).code).toBe(0)
  await until(() => tokens.length === 2, { what: 'the second term' })
  stop.abort()
  await led
})

test('a proclamation that was given up and arrives late does not undo a later one', async () => {
  const server = await etcd()
  const { candidate, client } = scope(server.endpoint)
  const late: (() => Promise<TxnResponse>)[] = []
  const remembering: TransportFactory = (endpoint) => {
    const real = new GrpcTransport(endpoint, credentials.createInsecure())
    return {
      unary(method, request, options) {
        if (isMessage(request, TxnRequestSchema)) {
          late.push(() => real.unary(KV.method.txn, request, options))
        }
        return real.unary(method, request, options)
      },
      duplex: real.duplex.bind(real),
      close() {
        real.close()
      },
    }
  }
  const a = candidate('a', { on: client({ transport: remembering }) })
  await a.campaign()
  await a.proclaim('first')
  await a.proclaim('second')
  const [, first] = late
  expect((await first?.())?.succeeded).toBe(false)
  expect((await a.leader()).name).toBe('second')
  // A proclamation that arrived without an answer to its sender does not block a later one either.
  await server.etcdctl('put', a.term, 'meanwhile', `--lease=${a.term.split('/').at(-1) ?? ''}`)
  await a.proclaim('third')
  expect((await a.leader()).name).toBe('third')
})
