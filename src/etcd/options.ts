// The options of a client, and the environment variables that can stand for them.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { type Clock, systemClock } from '../base/clock.js'
import { InvalidArgumentError } from '../base/errors.js'
import { check, clock, fn, milliseconds, nonEmptyString, string } from '../base/options/checks.js'
import {
  type OptionTable,
  type Parameter,
  readOptions,
  type Resolved,
  resolveOptions,
} from '../base/options/table.js'
import { type Endpoint, parseEndpoint } from './wire/endpoint.js'
import type { TransportFactory } from './wire/transport.js'

/** Certificates and a key in PEM, each as a string or a `Buffer`. Not a path. */
export interface TlsOptions {
  /** The certificates of the authorities to trust. Default: those that Node.js trusts. */
  readonly ca?: string | Buffer | undefined
  /** The client's certificate, for an etcd that asks for one. Needs `key`. */
  readonly cert?: string | Buffer | undefined
  /** The key of `cert`. */
  readonly key?: string | Buffer | undefined
}

/** The options of {@link Etcd}. */
export interface EtcdOptions {
  /**
   * The client addresses of the cluster, at least one: `http://host:port`, `https://host:port`,
   * `host:port` (plain), `unix:/path` (plain), `unixs:/path` (TLS). With `tls`, all of them have to
   * be `https:` or `unixs:`.
   */
  readonly endpoints: string | readonly string[]
  /**
   * For endpoints with `https:` or `unixs:`. Default: trust what Node.js trusts, and show no
   * certificate.
   */
  readonly tls?: TlsOptions | undefined
  /** For an etcd with authentication enabled. Needs `password`. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /**
   * How long one member may take to answer one request before the client asks another member, in
   * milliseconds. Default 2000.
   */
  readonly attemptTimeoutMs?: number | undefined
  /**
   * How long a call may take in all, in milliseconds, including other members and the pauses
   * between attempts. When very many calls are made at once, the wait for a turn does not count as
   * long as etcd answers the calls before. Default 10000.
   */
  readonly callTimeoutMs?: number | undefined
  /** Connects to a member. Default: gRPC over TCP. `etcd-elect/testing` has one without sockets. */
  readonly transport?: TransportFactory | undefined
  /** The clock. Default: that of this host. */
  readonly clock?: Clock | undefined
  /**
   * Returns random numbers from 0 to 1, for jitter and lease ids. They must differ between
   * processes: a seeded generator needs another seed in each. Default: from `node:crypto`.
   */
  readonly random?: (() => number) | undefined
}

const pem = check<string | Buffer>(
  {
    type: '`string` or `Buffer`',
    range: 'PEM, not a path',
    expected: "PEM text ('-----BEGIN …'), not a path",
  },
  (value) => (typeof value === 'string' || Buffer.isBuffer(value)) && value.includes('-----BEGIN '),
)

const together = 'expected cert and key together'

export const tlsOptionTable = {
  ca: { check: pem, defaultDoc: 'what Node.js trusts' },
  cert: {
    check: pem,
    rule: (cert, { key }) => (cert === undefined && key !== undefined ? together : undefined),
    doc: 'needs `key`',
  },
  key: {
    check: pem,
    isSecret: true,
    rule: (key, { cert }) => (key === undefined && cert !== undefined ? together : undefined),
    doc: 'belongs to `cert`',
  },
} satisfies OptionTable<TlsOptions>

export const etcdOptionTable = {
  endpoints: {
    isRequired: true,
    check: {
      type: '`string` or `string[]`',
      range:
        'at least one of `http://host:port`, `https://host:port`, `host:port` (plain), `unix:/path` (plain), `unixs:/path` (TLS)',
      parse: (option, value) => parseEndpoints(option, value).map(({ url }) => url),
    },
    doc: 'the port is required',
  },
  tls: {
    check: {
      type: '`TlsOptions`',
      parse: (option, value): TlsOptions =>
        resolveOptions(tlsOptionTable, value, { within: option, example: '{ ca, cert, key }' }),
    },
    defaultDoc: 'what Node.js trusts',
    doc: 'with it, all endpoints have to be `https:` or `unixs:`',
  },
  user: {
    check: nonEmptyString('a name'),
    rule: (user, { password }) =>
      password !== undefined && (typeof user !== 'string' || user === '')
        ? 'expected a name, because password is given'
        : undefined,
    doc: 'needs `password`',
  },
  password: {
    check: string,
    isSecret: true,
    rule: (password, { user }) =>
      user !== undefined && typeof password !== 'string'
        ? 'expected a string, because user is given'
        : undefined,
    doc: 'needs `user`',
  },
  attemptTimeoutMs: {
    check: milliseconds(1),
    default: 2_000,
    doc: 'for one request to one member',
  },
  callTimeoutMs: { check: milliseconds(1), default: 10_000, doc: 'for a call in all' },
  transport: {
    check: fn<TransportFactory>('function'),
    defaultDoc: 'gRPC over TCP',
    doc: "for tests; `guardian` and `renewal: 'worker'` are refused with it",
  },
  clock: {
    check: clock,
    default: systemClock,
    defaultDoc: 'that of this computer',
    doc: "for tests; `renewal: 'worker'` is refused with it",
  },
  random: {
    check: fn<() => number>('`() => number`'),
    default: strongRandom,
    defaultDoc: '`node:crypto`',
    doc: 'from 0 to 1, for jitter and lease ids; must differ between processes',
  },
} satisfies OptionTable<EtcdOptions>

const parameter: Parameter = { example: "{ endpoints: ['http://127.0.0.1:2379'] }" }

export interface ResolvedEtcdOptions extends Omit<
  Resolved<typeof etcdOptionTable>,
  'endpoints' | 'user' | 'password'
> {
  readonly endpoints: readonly [Endpoint, ...Endpoint[]]
  readonly credentials: { readonly user: string; readonly password: string } | undefined
}

/** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
export function resolveEtcdOptions(options: unknown): ResolvedEtcdOptions {
  const { user, password, tls, ...others } = resolveOptions(etcdOptionTable, options, parameter)
  const endpoints = parseEndpoints('endpoints', others.endpoints)
  if (tls !== undefined) checkTls(tls, endpoints)
  const credentials = user === undefined || password === undefined ? undefined : { user, password }
  return Object.freeze({
    ...others,
    endpoints,
    tls: tls && Object.freeze(tls),
    credentials: credentials && Object.freeze(credentials),
  })
}

/**
 * Takes what `options` does not say from the environment.
 *
 * @throws InvalidArgumentError naming the option or variable that is unknown or wrong.
 */
export function withEnv(options: unknown, env: NodeJS.ProcessEnv): EtcdOptions {
  const given = readOptions(etcdOptionTable, options, parameter)
  const said = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...optionsFromEnv(env), ...Object.fromEntries(said) }
}

/**
 * Reads the environment variables of etcdctl.
 *
 * @throws InvalidArgumentError naming the variable that is wrong.
 */
export function optionsFromEnv(env: NodeJS.ProcessEnv): EtcdOptions {
  const { ETCDCTL_ENDPOINTS, ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY } = env
  // As in etcdctl, an empty variable counts as not set.
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
    // As in etcdctl, an endpoint without a scheme means TLS when certificates are given.
    endpoints: endpoints.map((text) => {
      parseEndpoint(text, 'ETCDCTL_ENDPOINTS')
      return secure && !/^(https?|unixs?):/i.test(text) ? `https://${text}` : text
    }),
    ...(tls && { tls }),
    ...userFromEnv(env),
  }
}

/** `ETCDCTL_USER` is `name:password`, or `name` with the password in `ETCDCTL_PASSWORD`. */
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

function parseEndpoints(option: string, given: unknown): readonly [Endpoint, ...Endpoint[]] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const [first, ...others] = list.map((text) => parseEndpoint(text, option))
  if (first === undefined) {
    throw new InvalidArgumentError(option, 'expected at least one address', given)
  }
  return Object.freeze([first, ...others])
}

function checkTls(tls: TlsOptions, endpoints: readonly Endpoint[]): void {
  const plain = endpoints.find((endpoint) => !endpoint.tls)
  if (plain !== undefined) {
    throw new InvalidArgumentError(
      'endpoints',
      "expected 'https://…' because tls is given",
      plain.url,
    )
  }
  try {
    createSecureContext(tls)
  } catch (cause) {
    const error = new InvalidArgumentError(
      'tls',
      'expected a certificate with its own key, in PEM',
      tls,
    )
    error.cause = cause
    throw error
  }
}

/**
 * Not `Math.random`: a cloned process goes on with the original's, and would draw the same lease
 * ids.
 */
function strongRandom(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
