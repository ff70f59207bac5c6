// What a user may say about the way to etcd, checked once and frozen. It must not know what is done with it.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { type Clock, systemClock } from '../base/clock.js'
import { InvalidArgumentError } from '../base/errors.js'
import { type Endpoint, parseEndpoint } from './wire/endpoint.js'
import type { TransportFactory } from './wire/transport.js'

/** Certificates and a key, each in PEM: text or a `Buffer`, not a path. */
export interface TlsOptions {
  /** Certificates of the authorities to trust. Default: those that Node.js trusts. */
  readonly ca?: string | Buffer | undefined
  /** This client's certificate, for an etcd that asks for one. Needs `key`. */
  readonly cert?: string | Buffer | undefined
  /** The key of `cert`. */
  readonly key?: string | Buffer | undefined
}

/** The options of {@link Etcd}. */
export interface EtcdOptions {
  /**
   * The cluster's client addresses, at least one: `http://host:port`, `https://host:port`, `host:port` (plain), `unix:/path`
   * (plain), `unixs:/path` (TLS). With `tls`, all of them have to be `https:` or `unixs:`.
   */
  readonly endpoints: string | readonly string[]
  /** For endpoints with `https:` or `unixs:`. Default: trust what Node.js trusts, show no certificate. */
  readonly tls?: TlsOptions | undefined
  /** For an etcd with authentication on. Needs `password`. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /**
   * How long one member may take to answer one request before another member is asked, in milliseconds. Default 2000.
   */
  readonly attemptTimeoutMs?: number | undefined
  /**
   * How long a call may take in all, other members and waiting between attempts included, in milliseconds. When very
   * many are made at once, waiting for a turn does not count as long as etcd answers those before. Default 10000.
   */
  readonly callTimeoutMs?: number | undefined
  /** How to reach a member. Default: gRPC over TCP. `etcd-elect/testing` has one without sockets. */
  readonly transport?: TransportFactory | undefined
  /** Time. Default: this machine's. */
  readonly clock?: Clock | undefined
  /**
   * Random numbers from 0 to 1, for jitter and lease ids. They must differ between processes: one that is seeded has to be
   * seeded with something else in each. Default: from `node:crypto`.
   */
  readonly random?: (() => number) | undefined
}

export interface ResolvedEtcdOptions {
  readonly endpoints: readonly [Endpoint, ...Endpoint[]]
  readonly tls: TlsOptions | undefined
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  readonly attemptTimeoutMs: number
  readonly callTimeoutMs: number
  readonly transport: TransportFactory | undefined
  readonly clock: Clock
  readonly random: () => number
}

const clockMethods = ['monotonicMs', 'wallMs', 'setTimer'] as const

/**
 * @throws {@link InvalidArgumentError} naming the first option that is not what it has to be.
 */
export function resolveEtcdOptions(options: unknown): ResolvedEtcdOptions {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      'options',
      "expected an object like { endpoints: ['http://127.0.0.1:2379'] }",
      options,
    )
  }
  const given = options as Partial<EtcdOptions>
  const endpoints = resolveEndpoints(given.endpoints)
  return Object.freeze({
    endpoints,
    tls: resolveTls(given.tls, endpoints),
    credentials: resolveCredentials(given.user, given.password),
    attemptTimeoutMs: milliseconds('attemptTimeoutMs', given.attemptTimeoutMs, 2_000),
    callTimeoutMs: milliseconds('callTimeoutMs', given.callTimeoutMs, 10_000),
    transport: optionalFunction('transport', given.transport),
    clock: resolveClock(given.clock),
    random: optionalFunction('random', given.random) ?? strongRandom,
  })
}

/**
 * Reads the variables that users of etcdctl know.
 *
 * @throws {@link InvalidArgumentError} naming the variable that is not what it has to be.
 */
export function optionsFromEnv(env: NodeJS.ProcessEnv): EtcdOptions {
  const { ETCDCTL_ENDPOINTS, ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY } = env
  // Like etcdctl: a variable that is empty is not set.
  const endpoints = (isSet(ETCDCTL_ENDPOINTS) ? ETCDCTL_ENDPOINTS : '127.0.0.1:2379').split(',')
  const secure = [ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY].some((file) => isSet(file))
  const tls = secure
    ? {
        ca: pemFile('ETCDCTL_CACERT', ETCDCTL_CACERT),
        cert: pemFile('ETCDCTL_CERT', ETCDCTL_CERT),
        key: pemFile('ETCDCTL_KEY', ETCDCTL_KEY),
      }
    : undefined
  return {
    // Like etcdctl: an address without a scheme is spoken to with TLS when certificates are given.
    endpoints: endpoints.map((text) => {
      parseEndpoint(text, 'ETCDCTL_ENDPOINTS')
      return secure && !/^(https?|unixs?):/i.test(text) ? `https://${text}` : text
    }),
    ...(tls && { tls }),
    ...userFromEnv(env),
  }
}

/** `ETCDCTL_USER` is `name` or `name:password`; `ETCDCTL_PASSWORD` stands beside a bare name. */
function userFromEnv(env: NodeJS.ProcessEnv): Pick<EtcdOptions, 'user' | 'password'> {
  const { ETCDCTL_USER, ETCDCTL_PASSWORD } = env
  if (!isSet(ETCDCTL_USER)) return {}
  if (isSet(ETCDCTL_PASSWORD)) return { user: ETCDCTL_USER, password: ETCDCTL_PASSWORD }
  const colon = ETCDCTL_USER.indexOf(':')
  if (colon < 0) {
    throw new InvalidArgumentError(
      'ETCDCTL_USER',
      "expected 'name:password', or the password in ETCDCTL_PASSWORD",
      ETCDCTL_USER,
    )
  }
  return { user: ETCDCTL_USER.slice(0, colon), password: ETCDCTL_USER.slice(colon + 1) }
}

function pemFile(variable: string, path: string | undefined): Buffer | undefined {
  if (!isSet(path)) return undefined
  try {
    return readFileSync(path)
  } catch (cause) {
    const error = new InvalidArgumentError(
      variable,
      'expected the path of a PEM file that can be read',
      path,
    )
    error.cause = cause
    throw error
  }
}

function resolveEndpoints(given: unknown): readonly [Endpoint, ...Endpoint[]] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const [first, ...others] = list.map((text) => parseEndpoint(text))
  if (first === undefined) {
    throw new InvalidArgumentError('endpoints', 'expected at least one address', given)
  }
  return Object.freeze([first, ...others])
}

function resolveTls(tls: unknown, endpoints: readonly Endpoint[]): TlsOptions | undefined {
  if (tls === undefined) return undefined
  if (typeof tls !== 'object' || tls === null) {
    throw new InvalidArgumentError('tls', 'expected an object like { ca, cert, key }', tls)
  }
  const { ca, cert, key } = tls as TlsOptions
  const plain = endpoints.find((endpoint) => !endpoint.tls)
  if (plain !== undefined) {
    throw new InvalidArgumentError(
      'endpoints',
      "expected 'https://…' because tls is given",
      plain.url,
    )
  }
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'tls.cert' : 'tls.key'
    throw new InvalidArgumentError(missing, 'expected cert and key together', undefined)
  }
  for (const [option, pem] of Object.entries({ 'tls.ca': ca, 'tls.cert': cert, 'tls.key': key })) {
    if (pem === undefined) continue
    if (!(typeof pem === 'string' || Buffer.isBuffer(pem)) || !pem.includes('-----BEGIN ')) {
      throw new InvalidArgumentError(option, "expected PEM text ('-----BEGIN …'), not a path", pem)
    }
  }
  try {
    createSecureContext({ ca, cert, key })
  } catch (cause) {
    const error = new InvalidArgumentError(
      'tls',
      'expected a certificate with its own key, in PEM',
      tls,
    )
    error.cause = cause
    throw error
  }
  return Object.freeze({ ca, cert, key })
}

function resolveCredentials(user: unknown, password: unknown): ResolvedEtcdOptions['credentials'] {
  if (user === undefined && password === undefined) return undefined
  if (typeof user !== 'string' || user === '') {
    throw new InvalidArgumentError('user', 'expected a name, because password is given', user)
  }
  if (typeof password !== 'string') {
    // What was given instead may be the password in another form: it must not reach a log.
    throw new InvalidArgumentError(
      'password',
      'expected a string, because user is given',
      typeof password,
    )
  }
  return Object.freeze({ user, password })
}

function milliseconds(option: string, given: unknown, byDefault: number): number {
  if (given === undefined) return byDefault
  if (typeof given !== 'number' || !(given >= 1) || !(given <= 2 ** 31 - 1)) {
    throw new InvalidArgumentError(option, 'expected milliseconds from 1 to 2147483647', given)
  }
  return given
}

function resolveClock(given: unknown): Clock {
  if (given === undefined) return systemClock
  if (isClock(given)) return given
  throw new InvalidArgumentError(
    'clock',
    `expected an object with the methods ${clockMethods.join(', ')}`,
    given,
  )
}

/** A process that was cloned goes on with the `Math.random` of the original, and would draw the same lease ids. */
function strongRandom(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48
}

function isClock(given: unknown): given is Clock {
  return clockMethods.every(
    (method) => typeof (given as Partial<Clock> | null)?.[method] === 'function',
  )
}

function optionalFunction<F>(option: string, given: F | undefined): F | undefined {
  if (given === undefined || typeof given === 'function') return given
  throw new InvalidArgumentError(option, 'expected a function', given)
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
