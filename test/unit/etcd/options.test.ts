import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { Etcd } from '../../../src/etcd/client.js'
import { optionsFromEnv, resolveEtcdOptions } from '../../../src/etcd/options.js'
import { FakeCluster } from '../../support/fake-cluster.js'

const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-options-'))
const certFile = join(dir, 'cert.pem')
const keyFile = join(dir, 'key.pem')
let cert = ''
let key = ''

beforeAll(() => {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const to = ['-keyout', keyFile, '-out', certFile, '-subj', '/CN=test']
  execFileSync('openssl', ['req', '-x509', ...kind, ...to], { stdio: 'pipe' })
  cert = readFileSync(certFile, 'utf8')
  key = readFileSync(keyFile, 'utf8')
})

afterAll(() => {
  rmSync(dir, { recursive: true })
})

describe('the options of a client', () => {
  test('need no more than one endpoint', () => {
    const resolved = resolveEtcdOptions({ endpoints: 'etcd:2379' })
    expect(resolved).toEqual({
      endpoints: [{ url: 'etcd:2379', target: 'etcd:2379', tls: false }],
      tls: undefined,
      credentials: undefined,
      attemptTimeoutMs: 2_000,
      callTimeoutMs: 10_000,
      transport: undefined,
      clock: systemClock,
      random: expect.any(Function) as unknown,
    })
  })

  test('that are undefined count as not given', () => {
    const given = { endpoints: ['etcd:2379'] }
    const names = ['tls', 'user', 'password', 'attemptTimeoutMs', 'callTimeoutMs', 'transport']
    const nothing = [...names, 'clock', 'random'].map((name) => [name, undefined] as const)
    expect(resolveEtcdOptions({ ...given, ...Object.fromEntries(nothing) })).toEqual(
      resolveEtcdOptions(given),
    )
  })

  test('keep the order of the endpoints', () => {
    const { endpoints } = resolveEtcdOptions({ endpoints: ['c:1', 'a:1', 'b:1'] })
    expect(endpoints.map(({ url }) => url)).toEqual(['c:1', 'a:1', 'b:1'])
  })

  test('do not change when the caller changes its objects afterwards', () => {
    const endpoints = ['https://etcd:2379']
    const tls = { ca: cert }
    const resolved = resolveEtcdOptions({ endpoints, tls })
    endpoints.push('https://other:2379')
    tls.ca = 'something else'
    expect(resolved.endpoints).toHaveLength(1)
    expect(resolved.tls?.ca).toBe(cert)
    for (const part of [resolved, resolved.endpoints, resolved.tls]) {
      expect(part).toSatisfy(Object.isFrozen)
    }
  })

  test('take certificates as strings and as buffers', () => {
    for (const form of [(pem: string) => pem, (pem: string) => Buffer.from(pem)]) {
      const tls = { ca: form(cert), cert: form(cert), key: form(key) }
      expect(resolveEtcdOptions({ endpoints: 'https://etcd:2379', tls }).tls).toEqual(tls)
    }
  })
})

describe('the variables of etcdctl', () => {
  test('that are not set mean an etcd on this host, without TLS', () => {
    const none = { endpoints: ['127.0.0.1:2379'] }
    expect(optionsFromEnv({})).toEqual(none)
    // etcdctl 3.4.23 warns of an empty one, "unrecognized environment variable", and ignores it.
    const names = ['ENDPOINTS', 'CACERT', 'CERT', 'KEY', 'USER', 'PASSWORD']
    const empty = Object.fromEntries(names.map((name) => [`ETCDCTL_${name}`, '']))
    expect(optionsFromEnv(empty)).toEqual(none)
  })

  test('name several endpoints, separated by commas', () => {
    expect(optionsFromEnv({ ETCDCTL_ENDPOINTS: 'a:2379,http://b:2379' })).toEqual({
      endpoints: ['a:2379', 'http://b:2379'],
    })
  })

  test('name certificate files, and then endpoints without a scheme use TLS', () => {
    const options = optionsFromEnv({
      ETCDCTL_ENDPOINTS: 'a:2379,https://b:2379,unixs:/run/etcd',
      ETCDCTL_CACERT: certFile,
      ETCDCTL_CERT: certFile,
      ETCDCTL_KEY: keyFile,
    })
    expect(options).toEqual({
      endpoints: ['https://a:2379', 'https://b:2379', 'unixs:/run/etcd'],
      tls: { ca: Buffer.from(cert), cert: Buffer.from(cert), key: Buffer.from(key) },
    })
    expect(() => resolveEtcdOptions(options)).not.toThrow()
  })

  test.each([
    [{ ETCDCTL_USER: 'root:pass' }, { user: 'root', password: 'pass' }],
    [{ ETCDCTL_USER: 'root:pa:ss' }, { user: 'root', password: 'pa:ss' }],
    [{ ETCDCTL_USER: 'root:' }, { user: 'root', password: '' }],
    [
      { ETCDCTL_USER: 'root', ETCDCTL_PASSWORD: 'pa:ss' },
      { user: 'root', password: 'pa:ss' },
    ],
    [
      { ETCDCTL_USER: 'ro:ot', ETCDCTL_PASSWORD: 'pass' },
      { user: 'ro:ot', password: 'pass' },
    ],
    [
      { ETCDCTL_USER: 'root:pass', ETCDCTL_PASSWORD: '' },
      { user: 'root', password: 'pass' },
    ],
    [{ ETCDCTL_PASSWORD: 'pass' }, {}],
  ])('%j mean %j', (env, credentials) => {
    expect(optionsFromEnv(env)).toEqual({ endpoints: ['127.0.0.1:2379'], ...credentials })
  })

  test.each([
    [{ ETCDCTL_ENDPOINTS: 'etcd' }, /^ETCDCTL_ENDPOINTS: expected .*, got "etcd"$/],
    [{ ETCDCTL_ENDPOINTS: 'a:1,' }, /^ETCDCTL_ENDPOINTS: expected .*, got ""$/],
    [{ ETCDCTL_ENDPOINTS: 'a:1, b:1' }, /^ETCDCTL_ENDPOINTS: expected .*, got " b:1"$/],
    [{ ETCDCTL_USER: 'root' }, /^ETCDCTL_USER: expected 'name:password', or .*, got "root"$/],
    [{ ETCDCTL_CACERT: '/no/ca' }, /^ETCDCTL_CACERT: expected the path .*, got "\/no\/ca"$/],
    [{ ETCDCTL_CERT: '/no/cert' }, /^ETCDCTL_CERT: expected the path .*, got "\/no\/cert"$/],
    [{ ETCDCTL_KEY: '/no/key' }, /^ETCDCTL_KEY: expected the path .*, got "\/no\/key"$/],
  ])('%j are refused by name', (env, message) => {
    expect(() => optionsFromEnv(env)).toThrow(
      expect.objectContaining({
        code: 'ELECT_INVALID_ARGUMENT',
        option: Object.keys(env)[0],
        message: expect.stringMatching(message) as string,
      }),
    )
  })

  test('say why a file cannot be read', () => {
    expect(() => optionsFromEnv({ ETCDCTL_KEY: '/no/key' })).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'ENOENT' }) as Error }),
    )
  })

  describe('make a client', () => {
    afterEach(() => {
      vi.unstubAllEnvs()
    })

    /** Returns the first endpoint that the client connects to. */
    async function firstConnected(options: Parameters<typeof Etcd.fromEnv>[0]): Promise<unknown> {
      const cluster = new FakeCluster()
      cluster.onCall = (call) => {
        call.answer({})
      }
      await using etcd = Etcd.fromEnv({ transport: cluster.connect, ...options })
      await etcd.api.range({})
      return cluster.connected[0]
    }

    test('that connects to their endpoints', async () => {
      vi.stubEnv('ETCDCTL_ENDPOINTS', 'from-env:2379')
      expect(await firstConnected({})).toBe('from-env:2379')
    })

    test('unless the options say otherwise', async () => {
      vi.stubEnv('ETCDCTL_ENDPOINTS', 'from-env:2379')
      expect(await firstConnected({ endpoints: 'given:2379' })).toBe('given:2379')
    })

    test('also when an option is there but undefined', async () => {
      vi.stubEnv('ETCDCTL_ENDPOINTS', 'from-env:2379')
      expect(await firstConnected({ endpoints: undefined as never })).toBe('from-env:2379')
    })

    test('unless a file holds no certificate: that is refused', () => {
      const notPem = join(dir, 'not.pem')
      writeFileSync(notPem, 'hello')
      vi.stubEnv('ETCDCTL_CACERT', notPem)
      expect(() => Etcd.fromEnv()).toThrow(/^tls\.ca: expected PEM text/)
    })
  })
})
