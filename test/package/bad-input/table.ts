// Everything that can be wrong with what a user hands in, and what the user is told. One line a case.
// It must not know how the library checks.

import { readFileSync } from 'node:fs'
import {
  Candidate,
  type CandidateOptions,
  Etcd,
  type EtcdOptions,
  Observer,
  Session,
  type SessionOptions,
  shutdownSignal,
} from '../../../src/index.js'
import type { Certificates } from '../../support/certificates.js'
import { FakeCandidate } from '../../support/fake-candidate.js'

/** One wrong thing: done to a client that must not be used for it. */
export interface Case {
  /** The call, as it would stand in a program. */
  readonly what: string
  readonly make: (etcd: Etcd, certificates: Certificates) => unknown
  /** What the message names… */
  readonly option: string
  /** …and says was expected… */
  readonly expected: RegExp
  /** …and what came instead. */
  readonly came: string
}

type Value = readonly [value: unknown, came: string]

const nothing: Value = [undefined, 'undefined']
const nil: Value = [null, 'null']
const number: Value = [5, '5']
const text: Value = ['five', '"five"']
const object: Value = [{}, 'an object']
const list: Value = [['a', 'b'], 'an array']
const fn: Value = [() => 5, 'a function']

/** The same option with one wrong value after the other. */
function wrong(
  call: string,
  option: string,
  expected: RegExp,
  values: readonly Value[],
  make: (value: never, etcd: Etcd, certificates: Certificates) => unknown,
): Case[] {
  return values.map(([value, came]) => ({
    what: `${call} with ${option} ${came.slice(0, 40)}`,
    make: (etcd, certificates) => make(value as never, etcd, certificates),
    option,
    expected,
    came,
  }))
}

const client = (options: object): Etcd => new Etcd({ endpoints: 'http://etcd:2379', ...options })
const secure = (tls: object): Etcd => new Etcd({ endpoints: 'https://etcd:2379', tls })
const session = (etcd: Etcd, options: object = {}): Session =>
  new Session(etcd, { ttl: 5, ...options })
const candidate = (on: Etcd | Session, options: object = {}): Candidate =>
  new Candidate(on, { election: 'jobs', name: 'web-1', ttl: 5, ...options })

const anObject = /^expected an object like \{ /
const address = /^expected 'http:\/\/host:port', 'https:\/\/host:port', 'host:port', /
const milliseconds = /^expected milliseconds from 1 to 2147483647$/
const aFunction = /^expected a function$/
const pem = /^expected PEM text \('-----BEGIN …'\), not a path$/

const clients: Case[] = [
  ...wrong(
    'new Etcd(options)',
    'options',
    anObject,
    [nothing, nil, ['http://etcd:2379', '"http://etcd:2379"'], fn],
    (value: EtcdOptions) => new Etcd(value),
  ),
  ...wrong(
    'Etcd.fromEnv(options)',
    'options',
    /^expected an object/,
    [nil, number, text],
    (value) => Etcd.fromEnv(value),
  ),
  ...wrong(
    'new Etcd',
    'endpoints',
    address,
    [
      nothing,
      nil,
      [2379, '2379'],
      [new URL('http://etcd:2379'), 'an object'],
      ['', '""'],
      ['etcd', '"etcd"'],
      ['http://etcd', '"http://etcd"'],
      ['etcd:0', '"etcd:0"'],
      ['ftp://etcd:2379', '"ftp://etcd:2379"'],
      ['http://a:2379,http://b:2379', '"http://a:2379,http://b:2379"'],
      ['http://etcd:2379/path', '"http://etcd:2379/path"'],
      [['http://etcd:2379', ''], '""'],
      [['http://etcd:2379', null], 'null'],
      [[['http://etcd:2379']], 'an array'],
    ],
    (endpoints) => new Etcd({ endpoints }),
  ),
  ...wrong(
    'new Etcd',
    'endpoints',
    /^expected at least one address$/,
    [[[], 'an empty array']],
    (v) => client({ endpoints: v }),
  ),
  ...wrong(
    'new Etcd with tls',
    'endpoints',
    /^expected 'https:\/\/…' because tls is given$/,
    [
      ['http://etcd:2379', '"http://etcd:2379"'],
      ['etcd:2379', '"etcd:2379"'],
      [['https://a:2379', 'http://b:2379'], '"http://b:2379"'],
    ],
    (endpoints) => new Etcd({ endpoints, tls: {} }),
  ),
  ...wrong('new Etcd', 'tls', anObject, [nil, [true, 'true'], text], (tls) => client({ tls })),
  ...wrong('new Etcd', 'tls.ca', pem, [['/ca.pem', '"/ca.pem"'], number, nil, object], (ca) =>
    secure({ ca }),
  ),
  ...wrong('new Etcd', 'tls.cert', pem, [['/c.pem', '"/c.pem"'], number], (cert) =>
    secure({ cert, key: '-----BEGIN ' }),
  ),
  ...wrong('new Etcd', 'tls.key', pem, [['/k.pem', '"/k.pem"'], nil], (key) =>
    secure({ cert: '-----BEGIN ', key }),
  ),
  ...wrong('new Etcd with key', 'tls.cert', /^expected cert and key together$/, [nothing], () =>
    secure({ key: '-----BEGIN ' }),
  ),
  ...wrong('new Etcd with cert', 'tls.key', /^expected cert and key together$/, [nothing], () =>
    secure({ cert: '-----BEGIN ' }),
  ),
  {
    what: 'new Etcd with the certificate of one and the key of another',
    make: (_etcd, { certFile, client: { keyFile } }) =>
      secure({ cert: readFileSync(certFile), key: readFileSync(keyFile) }),
    option: 'tls',
    expected: /^expected a certificate with its own key, in PEM$/,
    came: 'an object',
  },
  ...wrong(
    'new Etcd with password',
    'user',
    /^expected a name, because password is given$/,
    [nothing, nil, number, ['', '""']],
    (user) => client({ user, password: 'pass' }),
  ),
  ...wrong(
    'new Etcd with user',
    'password',
    /^expected a string, because user is given$/,
    // Not the value itself, which may be the password in another form.
    [
      [undefined, '"undefined"'],
      [null, '"object"'],
      [12345, '"number"'],
    ],
    (password) => client({ user: 'root', password }),
  ),
  ...['attemptTimeoutMs', 'callTimeoutMs'].flatMap((option) =>
    wrong(
      'new Etcd',
      option,
      milliseconds,
      [
        nil,
        text,
        object,
        [0, '0'],
        [-1, '-1'],
        [NaN, 'NaN'],
        [Infinity, 'Infinity'],
        [2 ** 31, '2147483648'],
        ['2000', '"2000"'],
        [2000n, '2000n'],
      ],
      (value) => client({ [option]: value }),
    ),
  ),
  ...['transport', 'random'].flatMap((option) =>
    wrong('new Etcd', option, aFunction, [nil, number, object], (value) =>
      client({ [option]: value }),
    ),
  ),
  ...wrong(
    'new Etcd',
    'clock',
    /^expected an object with the methods monotonicMs, wallMs, setTimer$/,
    [nil, number, object, [{ monotonicMs: Date.now, wallMs: Date.now }, 'an object']],
    (clock) => client({ clock }),
  ),
]

const anEtcd = /^expected an Etcd client/
const ttl = /^expected whole seconds from 1 to 9000000000$/
const drift = /^expected a fraction from 0 to 0\.5$/
const wrongTtls: Value[] = [
  nothing,
  nil,
  object,
  [0, '0'],
  [-5, '-5'],
  [NaN, 'NaN'],
  [2.5, '2.5'],
  [Infinity, 'Infinity'],
  [1e12, '1000000000000'],
  ['5', '"5"'],
  [5n, '5n'],
]
const wrongDrifts: Value[] = [nil, [-0.1, '-0.1'], [0.51, '0.51'], [NaN, 'NaN'], ['0.05', '"0.05"']]

const sessions: Case[] = [
  ...wrong('new Session(etcd)', 'etcd', anEtcd, [nothing, nil, object, text], (etcd: Etcd) =>
    session(etcd),
  ),
  ...wrong('new Session(options)', 'options', anObject, [nothing, nil, number], (options, etcd) => {
    return new Session(etcd, options)
  }),
  ...wrong('new Session', 'ttl', ttl, wrongTtls, (value, etcd) => session(etcd, { ttl: value })),
  ...wrong('new Session', 'clockDrift', drift, wrongDrifts, (clockDrift, etcd) =>
    session(etcd, { clockDrift }),
  ),
  ...wrong(
    'new Session',
    'leaseId',
    /^expected a bigint above 0 and below 2\^63$/,
    [nil, number, ['5', '"5"'], [0n, '0n'], [-1n, '-1n'], [2n ** 63n, `${String(2n ** 63n)}n`]],
    (leaseId: SessionOptions['leaseId'], etcd) => session(etcd, { leaseId }),
  ),
  ...wrong(
    'new Session',
    'guardian',
    /^expected true or false$/,
    [nil, number, text],
    (guardian: boolean, etcd) => session(etcd, { guardian }),
  ),
  ...wrong(
    'new Session on a client with a transport',
    'guardian',
    /^expected false here, because the client has a transport of its own$/,
    [[true, 'true']],
    (guardian: boolean, etcd) => session(etcd, { guardian }),
  ),
  ...wrong(
    'new Session',
    'renewal',
    /^expected 'main' or 'worker'$/,
    [nil, number, text],
    (renewal, etcd) => session(etcd, { renewal }),
  ),
  ...wrong(
    'new Session on a client with a transport',
    'renewal',
    /^expected 'main' here, because the client has a transport of its own$/,
    [['worker', '"worker"']],
    (renewal, etcd) => session(etcd, { renewal }),
  ),
  ...wrong(
    'new Session without a worker',
    'maxStallMs',
    /^expected nothing, because only renewal: 'worker' outlives a blocked event loop$/,
    [nil, number],
    (maxStallMs, etcd) => session(etcd, { maxStallMs }),
  ),
  ...wrong(
    'new Session',
    'maxStallMs',
    /^expected milliseconds from 100 to 2147483647$/,
    [nil, [99, '99'], [NaN, 'NaN'], [2 ** 31, String(2 ** 31)], ['1000', '"1000"']],
    (maxStallMs, etcd) => session(etcd, { renewal: 'worker', maxStallMs }),
  ),
  ...wrong('new Session', 'healthy', aFunction, [nil, [true, 'true'], object], (healthy, etcd) =>
    session(etcd, { healthy }),
  ),
  ...wrong(
    'session.on',
    'event',
    /^expected one of opened, lost, guardianStarted, guardianLost, workerStarted, workerLost$/,
    [nothing, text],
    (event, etcd) => session(etcd).on(event, () => undefined),
  ),
  ...wrong('session.on', 'listener', aFunction, [nothing, nil, object], (listener, etcd) =>
    session(etcd).on('lost', listener),
  ),
]

const anElection = /^expected a non-empty name without NUL, in well-formed Unicode$/
const aName = /^expected a non-empty, well-formed Unicode string$/
const wrongElections: Value[] = [
  nothing,
  nil,
  number,
  list,
  ['', '""'],
  ['jo\0bs', '"jo\\u0000bs"'],
  ['jobs\ud83e', '"jobs\\ud83e"'],
  ['\udd8ajobs', '"\\udd8ajobs"'],
]
const wrongNames: Value[] = [
  nil,
  number,
  object,
  ['', '""'],
  ['web\ud83e', '"web\\ud83e"'],
  [`${'x'.repeat(100)}\ud83e`, `"${'x'.repeat(60)}"… (101 characters)`],
]

const candidates: Case[] = [
  ...wrong('new Candidate(on)', 'etcd', anEtcd, [nothing, nil, object, text], (on: Etcd) =>
    candidate(on),
  ),
  ...wrong(
    'new Candidate(options)',
    'options',
    anObject,
    [nothing, nil, text],
    (options: CandidateOptions, etcd) => new Candidate(etcd, options),
  ),
  ...wrong('new Candidate', 'election', anElection, wrongElections, (election, etcd) =>
    candidate(etcd, { election }),
  ),
  ...wrong('new Candidate', 'name', aName, [nothing, ...wrongNames], (name, etcd) =>
    candidate(etcd, { name }),
  ),
  ...wrong('new Candidate', 'ttl', ttl, wrongTtls, (value, etcd) =>
    candidate(etcd, { ttl: value }),
  ),
  ...wrong('new Candidate', 'clockDrift', drift, wrongDrifts, (clockDrift, etcd) =>
    candidate(etcd, { clockDrift }),
  ),
  ...wrong(
    'new Candidate on a session',
    'ttl',
    /^expected nothing: it is the session’s$/,
    [number, nil],
    (value, etcd) => candidate(session(etcd), { ttl: value }),
  ),
  ...wrong(
    'new Candidate on a session',
    'clockDrift',
    /^expected nothing: it is the session’s$/,
    [[0.1, '0.1'], nil],
    (clockDrift, etcd) => candidate(session(etcd), { ttl: undefined, clockDrift }),
  ),
  ...wrong(
    'new Candidate on a session',
    'guardian',
    /^expected nothing: it is the session’s$/,
    [[true, 'true'], nil],
    (guardian: boolean, etcd) => candidate(session(etcd), { ttl: undefined, guardian }),
  ),
  ...wrong('new Candidate', 'healthy', aFunction, [nil, [true, 'true']], (healthy, etcd) =>
    candidate(etcd, { healthy }),
  ),
  ...wrong('candidate.campaign', 'name', aName, wrongNames, (name, etcd) =>
    candidate(etcd).campaign({ name }),
  ),
  ...wrong('candidate.proclaim', 'name', aName, [nothing, ...wrongNames], (name: string, etcd) =>
    candidate(etcd).proclaim(name),
  ),
  ...wrong('leadership.proclaim', 'name', aName, [nothing, ...wrongNames], (name: string) =>
    new FakeCandidate().wins().proclaim(name),
  ),
  ...wrong('candidate.lead', 'work', aFunction, [nothing, nil, object], (work, etcd) =>
    candidate(etcd).lead(work),
  ),
  ...wrong('candidate.lead', 'onStop', aFunction, [nil, text, object], (onStop, etcd) =>
    candidate(etcd).lead(() => undefined, { onStop }),
  ),
  ...wrong(
    'candidate.lead',
    'drainMs',
    /^expected milliseconds from 0 to half of the TTL, 2500$/,
    [nil, [-1, '-1'], [2_501, '2501'], [NaN, 'NaN'], ['1', '"1"']],
    (drainMs, etcd) => candidate(etcd).lead(() => undefined, { drainMs }),
  ),
  ...wrong(
    'shutdownSignal',
    'signals',
    /^expected names like \['SIGTERM', 'SIGINT'\]$/,
    [nil, object, [[], 'an empty array'], [['SIGNONE'], 'an array'], ['SIGTERM', '"SIGTERM"']],
    (signals: NodeJS.Signals[]) => shutdownSignal(signals),
  ),
]

const observers: Case[] = [
  ...wrong('new Observer(etcd)', 'etcd', anEtcd, [nothing, nil, object], (etcd: Etcd) => {
    return new Observer(etcd, { election: 'jobs' })
  }),
  ...wrong('new Observer(options)', 'options', anObject, [nothing, nil, text], (options, etcd) => {
    return new Observer(etcd, options)
  }),
  ...wrong('new Observer', 'election', anElection, wrongElections, (election, etcd) => {
    return new Observer(etcd, { election })
  }),
]

/** Every call that takes `{ signal }`, made with these options. */
export const waits: Record<string, (etcd: Etcd, options: never) => Promise<unknown>> = {
  'session.open': (etcd, options) => session(etcd).open(options),
  'candidate.init': (etcd, options) => candidate(etcd).init(options),
  'candidate.campaign': (etcd, options) => candidate(etcd).campaign(options),
  'candidate.proclaim': (etcd, options) => candidate(etcd).proclaim('web-2', options),
  'candidate.leader': (etcd, options) => candidate(etcd).leader(options),
  'candidate.isLeader': (etcd, options) => candidate(etcd).isLeader(options),
  'candidate.resign': (etcd, options) => candidate(etcd).resign(options),
  'candidate.lead': (etcd, options) => candidate(etcd).lead(() => undefined, options),
  'leadership.proclaim': (_etcd, options) => new FakeCandidate().wins().proclaim('web-2', options),
  'leadership.resign': (_etcd, options) => new FakeCandidate().wins().resign(options),
  'observer.init': (etcd, options) => new Observer(etcd, { election: 'jobs' }).init(options),
  'observer.start': (etcd, options) => new Observer(etcd, { election: 'jobs' }).start(options),
}

const signals: Case[] = Object.entries(waits).flatMap(([call, make]) => [
  ...wrong(call, 'options', anObject, [nil, number, text], (options, etcd) => make(etcd, options)),
  ...wrong(
    call,
    'signal',
    /^expected an AbortSignal$/,
    [nil, number, object, [new AbortController(), 'an object'], [{ aborted: false }, 'an object']],
    (signal, etcd) => make(etcd, { signal } as never),
  ),
])

export const table: readonly Case[] = [
  ...clients,
  ...sessions,
  ...candidates,
  ...observers,
  ...signals,
]
