// Connects to etcd by one and several endpoints, with TLS, and by Unix sockets, right and wrong.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Candidate, Etcd, type EtcdOptions } from '../../src/index.js'
import { type Certificates, makeCertificates } from '../support/certificates.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope, uniqueElection } from '../support/scope.js'

/** Short timeouts, for calls that fail only when their time is over. */
const brief = { attemptTimeoutMs: 500, callTimeoutMs: 1_500 }
/** A port on which no test ever listens. */
const closedPort = 1

/** Campaigns once with these options, and rejects with the campaign's error. */
async function campaignWith(options: EtcdOptions): Promise<bigint> {
  const etcd = new Etcd(options)
  const candidate = new Candidate(etcd, { election: uniqueElection(), name: 'a', ttl: 5 })
  try {
    return (await candidate.campaign()).fencingToken
  } finally {
    await candidate.close().catch(() => undefined)
    await etcd.close()
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('plain etcd', () => {
  let server: EtcdProcess
  beforeAll(async () => {
    server = await startEtcd({ socket: true })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test.each([
    ['a URL', () => server.endpoint],
    ['a URL with a slash', () => `${server.endpoint}/`],
    ['host and port', () => `127.0.0.1:${String(server.port)}`],
    ['a host name', () => `http://localhost:${String(server.port)}`],
    ['a Unix socket', () => `unix:${server.socket}`],
    ['a Unix socket as a URL', () => `unix://${server.socket}`],
  ])('is reached by %s', async (_, endpoint) => {
    expect(await campaignWith({ endpoints: [endpoint()] })).toBeGreaterThan(0n)
  })

  test('is reached when other endpoints refuse, hang or speak something else', async () => {
    const silent = await listening(createTcpServer(() => undefined))
    const web = await listening(createServer((_, response) => response.end('hello')))
    const others = [closedPort, silent, web].map((port) => `http://127.0.0.1:${String(port)}`)
    for (let first = 0; first < 4; first++) {
      const endpoints = [...others, server.endpoint]
      const random = (): number => (first + 0.5) / 4
      const options = { endpoints, random, attemptTimeoutMs: 500, callTimeoutMs: 30_000 }
      expect(await campaignWith(options)).toBeGreaterThan(0n)
    }
  })

  test('is unavailable to a client that expects TLS', async () => {
    await expect(
      campaignWith({ ...brief, endpoints: [server.endpoint.replace('http:', 'https:')] }),
    ).rejects.toMatchObject({ code: 'ELECT_UNAVAILABLE', message: /scheme/ })
  })
})

describe('an endpoint without an etcd', () => {
  test.each<[string, () => Promise<string>, Partial<EtcdOptions>?]>([
    ['refuses', () => Promise.resolve(`http://127.0.0.1:${String(closedPort)}`)],
    // Resolvers are slow to say so.
    [
      'resolves to nothing',
      () => Promise.resolve('http://no-such-host.invalid:2379'),
      { callTimeoutMs: 15_000 },
    ],
    ['is no socket', () => Promise.resolve('unix:/nonexistent/etcd')],
    [
      'is a web server',
      async () =>
        `http://127.0.0.1:${String(await listening(createServer((_, response) => response.end('hello'))))}`,
    ],
  ])('that %s is reported as unavailable, with its URL', async (_, endpoint, options) => {
    const url = await endpoint()
    const failure = campaignWith({ ...brief, ...options, endpoints: [url] })
    await expect(failure).rejects.toMatchObject({ code: 'ELECT_UNAVAILABLE', retryable: true })
    await expect(failure).rejects.toThrow(url)
  })

  test('that never answers is reported as a timeout', async () => {
    const port = await listening(createTcpServer(() => undefined))
    const failure = campaignWith({ ...brief, endpoints: [`http://127.0.0.1:${String(port)}`] })
    await expect(failure).rejects.toMatchObject({ code: 'ELECT_TIMEOUT', retryable: true })
  })
})

describe('etcd with TLS', () => {
  let certificates: Certificates
  let server: EtcdProcess
  let asking: EtcdProcess
  let elsewhere: EtcdProcess
  const pem = (file: string): string => readFileSync(file, 'utf8')
  beforeAll(async () => {
    certificates = makeCertificates()
    const { caFile, certFile, keyFile, client, otherHost } = certificates
    server = await startEtcd({ tls: { caFile, certFile, keyFile } })
    asking = await startEtcd({ tls: { caFile, certFile, keyFile, clientCert: client } })
    elsewhere = await startEtcd({
      tls: { caFile, ...otherHost, host: 'localhost' },
    })
  })
  afterAll(async () => {
    await Promise.all([server, asking, elsewhere].map((etcd) => etcd[Symbol.asyncDispose]()))
    certificates.remove()
  })

  test("is reached with its authority's certificate", async () => {
    const tls = { ca: pem(certificates.caFile) }
    expect(await campaignWith({ endpoints: [server.endpoint], tls })).toBeGreaterThan(0n)
  })

  test('is reached with a client certificate when it asks for one', async () => {
    const { certFile, keyFile } = certificates.client
    const tls = { ca: pem(certificates.caFile), cert: pem(certFile), key: pem(keyFile) }
    expect(await campaignWith({ endpoints: [asking.endpoint], tls })).toBeGreaterThan(0n)
  })

  test('is reached with the environment variables of etcdctl', async () => {
    const { certFile, keyFile } = certificates.client
    const variables = {
      ETCDCTL_ENDPOINTS: `127.0.0.1:${String(asking.port)}`,
      ETCDCTL_CACERT: certificates.caFile,
      ETCDCTL_CERT: certFile,
      ETCDCTL_KEY: keyFile,
    }
    Object.assign(process.env, variables)
    onTestFinished(() => {
      for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name)
    })
    const etcd = Etcd.fromEnv()
    const candidate = new Candidate(etcd, { election: uniqueElection(), name: 'a', ttl: 5 })
    expect((await candidate.campaign()).isValid()).toBe(true)
    await candidate.close()
    await etcd.close()
  })

  test('refuses a client without a certificate when it asks for one', async () => {
    const tls = { ca: pem(certificates.caFile) }
    await expect(campaignWith({ endpoints: [asking.endpoint], tls })).rejects.toMatchObject({
      name: expect.stringMatching(/AuthError|UnavailableError/) as string,
    })
  })

  test.each([
    ['an unknown authority', () => ({ endpoints: [server.endpoint] })],
    [
      'the wrong authority',
      () => ({ endpoints: [server.endpoint], tls: { ca: pem(certificates.strangeCaFile) } }),
    ],
    [
      'a certificate for another host',
      () => ({ endpoints: [elsewhere.endpoint], tls: { ca: pem(certificates.caFile) } }),
    ],
  ])('with %s is an error that waiting does not fix', async (_, options) => {
    await expect(campaignWith(options())).rejects.toMatchObject({
      code: 'ELECT_AUTH',
      retryable: false,
    })
  })

  test('is unavailable to a client without TLS', async () => {
    const endpoints = [server.endpoint.replace('https:', 'http:')]
    await expect(campaignWith({ ...brief, endpoints })).rejects.toMatchObject({
      code: 'ELECT_UNAVAILABLE',
    })
  })
})

describe('etcd with authentication', () => {
  let server: EtcdProcess
  const prefix = 'team-a/'
  beforeAll(async () => {
    server = await startEtcd()
    const steps = [
      ['user', 'add', 'root:secret'],
      ['user', 'grant-role', 'root', 'root'],
      ['user', 'add', 'alice:wonder:land'],
      ['role', 'add', 'team-a'],
      ['role', 'grant-permission', 'team-a', 'readwrite', prefix, '--prefix=true'],
      ['user', 'grant-role', 'alice', 'team-a'],
    ]
    await server.etcdctl('role', 'add', 'root')
    for (const step of steps) {
      const { code, stderr } = await server.etcdctl(...step)
      if (code !== 0) throw new Error(`etcdctl ${step.join(' ')}: ${stderr}`)
    }
    await server.etcdctl('auth', 'enable')
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  const alice = { user: 'alice', password: 'wonder:land' }

  test('elects a user with rights on the prefix only', async () => {
    const { client, candidate, observer, election } = scope(server.endpoint)
    const on = client(alice)
    const own = { on, election: `${prefix}${election}` }
    const a = candidate('a', own)
    const b = candidate('b', own)
    const leadership = await a.campaign()
    await a.proclaim('a2')
    expect((await b.leader()).name).toBe('a2')
    const next = b.campaign()
    await a.resign()
    expect((await next).fencingToken).toBeGreaterThan(leadership.fencingToken)
    const watching = observer(on)
    await expect(watching.start()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  })

  test.each([
    ['a wrong password', { user: 'alice', password: 'looking-glass' }],
    ['an unknown user', { user: 'bob', password: 'x' }],
    ['no user at all', {}],
  ])('refuses %s, at once and for good', async (_, credentials) => {
    const failure = campaignWith({ endpoints: [server.endpoint], ...credentials })
    await expect(failure).rejects.toMatchObject({ code: 'ELECT_AUTH', retryable: false })
    await expect(failure).rejects.not.toThrow('looking-glass')
  })

  test('refuses an election outside of the rights, and leaves the candidate usable', async () => {
    const { client, candidate } = scope(server.endpoint)
    const on = client(alice)
    const outside = candidate('a', { on })
    for (let round = 0; round < 2; round++) {
      await expect(outside.campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
    }
    expect(outside.term).toBe('')
  })

  test('that is switched on while clients run has them sign in, and nothing is lost', async () => {
    const fresh = await startEtcd()
    onTestFinished(() => fresh[Symbol.asyncDispose]())
    const { client, candidate } = scope(fresh.endpoint)
    const on = client({ user: 'root', password: 'secret' })
    const a = candidate('a', { on })
    const leadership = await a.campaign()
    await fresh.etcdctl('user', 'add', 'root:secret')
    await fresh.etcdctl('role', 'add', 'root')
    await fresh.etcdctl('user', 'grant-role', 'root', 'root')
    await fresh.etcdctl('auth', 'enable')
    const b = candidate('b', { on })
    const next = b.campaign()
    await a.proclaim('a2')
    expect(leadership.isValid()).toBe(true)
    await a.resign()
    expect((await next).name).toBe('b')
  })
})
