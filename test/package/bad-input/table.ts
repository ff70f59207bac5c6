// The cases of bad input: each wrong option and parameter, and the message that the user sees.

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
import { without } from '../../../src/base/options/table.js'
import { sessionOptionTable } from '../../../src/session/options.js'
import { FakeCandidate } from '../../support/fake-candidate.js'
import {
  aClock,
  aFunction,
  anObject,
  type Call,
  type Case,
  fn,
  list,
  milliseconds,
  nil,
  nothing,
  number,
  object,
  type OptionsType,
  text,
  type Value,
  wrong,
} from './case.js'
import { testingCalls, testingCases } from './testing-cases.js'

const client = (options: object): Etcd => new Etcd({ endpoints: 'http://etcd:2379', ...options })
const secure = (tls: object): Etcd => new Etcd({ endpoints: 'https://etcd:2379', tls })
const session = (etcd: Etcd, options: object = {}): Session =>
  new Session(etcd, { ttl: 5, ...options })
const candidate = (on: Etcd | Session, options: object = {}): Candidate =>
  new Candidate(on, { election: 'jobs', name: 'web-1', ttl: 5, ...options })

const observer = (etcd: Etcd, options: object = {}): Observer =>
  new Observer(etcd, { election: 'jobs', ...options })

const address = /^expected 'http:\/\/host:port', 'https:\/\/host:port', 'host:port', /
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
  // The message leaves the value out: it may be the key in another form.
  ...wrong('new Etcd', 'tls.key', pem, [['MIIEvQIBADAN', 'a string'], nil], (key) =>
    secure({ cert: '-----BEGIN ', key }),
  ),
  ...wrong('new Etcd with key', 'tls.cert', /^expected cert and key together$/, [nothing], () =>
    secure({ key: '-----BEGIN ' }),
  ),
  ...wrong('new Etcd with cert', 'tls.key', /^expected cert and key together$/, [nothing], () =>
    secure({ cert: '-----BEGIN ' }),
  ),
  {
    call: 'new Etcd',
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
    // The message leaves the value out: it may be the password in another form.
    [nothing, nil, [12345, 'a number']],
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
    aClock,
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

/** Wrong session options, in every call that makes a session. */
function sessionRows(call: string, make: (etcd: Etcd, options: object) => unknown): Case[] {
  const rows = (option: string, expected: RegExp, values: readonly Value[], others = {}): Case[] =>
    wrong(call, option, expected, values, (value, etcd) =>
      make(etcd, { ...others, [option]: value }),
    )
  const onlyWithWorker =
    /^expected nothing, because only renewal: 'worker' outlives a blocked event loop$/
  const stall = /^expected milliseconds from 100 to 2147483647$/
  const wrongStalls: Value[] = [
    ...[nil, [99, '99'] as const, [NaN, 'NaN'] as const],
    ...[[2 ** 31, String(2 ** 31)] as const, ['1000', '"1000"'] as const],
  ]
  return [
    ...rows('ttl', ttl, wrongTtls),
    ...rows('clockDrift', drift, wrongDrifts),
    ...rows('guardian', /^expected true or false$/, [nil, number, text]),
    ...rows('renewal', /^expected 'main' or 'worker'$/, [nil, number, text]),
    ...rows('maxStallMs', onlyWithWorker, [nil, number]),
    ...rows('maxStallMs', stall, wrongStalls, { renewal: 'worker' }),
    ...rows('healthy', aFunction, [nil, [true, 'true'], object]),
  ]
}

const sessions: Case[] = [
  ...wrong('new Session(etcd)', 'etcd', anEtcd, [nothing, nil, object, text], (etcd: Etcd) =>
    session(etcd),
  ),
  ...wrong('new Session(options)', 'options', anObject, [nothing, nil, number], (options, etcd) => {
    return new Session(etcd, options)
  }),
  ...sessionRows('new Session', session),
  ...wrong(
    'new Session',
    'leaseId',
    /^expected a bigint above 0 and below 2\^63$/,
    [nil, number, ['5', '"5"'], [0n, '0n'], [-1n, '-1n'], [2n ** 63n, `${String(2n ** 63n)}n`]],
    (leaseId: SessionOptions['leaseId'], etcd) => session(etcd, { leaseId }),
  ),
  ...wrong(
    'new Session on a client with a transport',
    'guardian',
    /^expected false here, because the client has a transport of its own$/,
    [[true, 'true']],
    (guardian: boolean, etcd) => session(etcd, { guardian }),
  ),
  ...wrong(
    'new Session on a client with a transport',
    'renewal',
    /^expected 'main' here, because the client has a transport of its own$/,
    [['worker', '"worker"']],
    (renewal, etcd) => session(etcd, { renewal }),
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
  ...sessionRows('new Candidate', candidate),
  ...wrong('new Candidate', 'lockDelay', /^expected true or false$/, [nil, number], (value, etcd) =>
    candidate(etcd, { lockDelay: value }),
  ),
  ...Object.keys(without(sessionOptionTable, 'leaseId')).flatMap((option) =>
    wrong(
      'new Candidate on a session',
      option,
      /^expected nothing: it is the session’s$/,
      [number, nil, [true, 'true']],
      (value, etcd) => candidate(session(etcd), { ttl: undefined, [option]: value }),
    ),
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
  ...wrong('new Observer(etcd)', 'etcd', anEtcd, [nothing, nil, object], (etcd: Etcd) =>
    observer(etcd),
  ),
  ...wrong('new Observer(options)', 'options', anObject, [nothing, nil, text], (options, etcd) => {
    return new Observer(etcd, options)
  }),
  ...wrong('new Observer', 'election', anElection, wrongElections, (election, etcd) =>
    observer(etcd, { election }),
  ),
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
  'observer.init': (etcd, options) => observer(etcd).init(options),
  'observer.start': (etcd, options) => observer(etcd).start(options),
}

const signals: Case[] = Object.entries(waits).flatMap(([call, make]) => [
  ...wrong(
    call,
    'options',
    anObject,
    [nil, number, text, list, [new AbortController().signal, 'an object']],
    (options, etcd) => make(etcd, options),
  ),
  ...wrong(
    call,
    'signal',
    /^expected an AbortSignal$/,
    [nil, number, object, [new AbortController(), 'an object'], [{ aborted: false }, 'an object']],
    (signal, etcd) => make(etcd, { signal } as never),
  ),
])

const typeOfWait: Readonly<Record<string, OptionsType>> = {
  'candidate.campaign': 'CampaignOptions',
  'candidate.lead': 'LeadOptions',
}

export const calls: readonly Call[] = [
  { call: 'new Etcd', type: 'EtcdOptions', make: (_etcd, options) => client(options) },
  { call: 'Etcd.fromEnv', type: 'EtcdOptions', make: (_etcd, options) => Etcd.fromEnv(options) },
  { call: 'new Etcd', type: 'TlsOptions', make: (_etcd, options) => secure(options) },
  { call: 'new Session', type: 'SessionOptions', make: session },
  { call: 'new Candidate', type: 'CandidateOptions', make: candidate },
  {
    call: 'new Candidate on a session',
    type: 'CandidateOptions',
    make: (etcd, options) => candidate(session(etcd), { ttl: undefined, ...options }),
  },
  { call: 'new Observer', type: 'ObserverOptions', make: observer },
  ...Object.entries(waits).map(([call, make]): Call => {
    const type = typeOfWait[call] ?? 'WaitOptions'
    return { call, type, make: (etcd, options) => make(etcd, options as never) }
  }),
  ...testingCalls,
]

export const table: readonly Case[] = [
  ...clients,
  ...sessions,
  ...candidates,
  ...observers,
  ...signals,
  ...testingCases,
]
