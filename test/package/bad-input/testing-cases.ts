// The cases of bad input of the devserver and the test kit.

import { DevServer } from '../../../src/devserver/index.js'
import { TestEtcd } from '../../../src/testing/index.js'
import {
  aClock,
  aFunction,
  anObject,
  type Call,
  type Case,
  milliseconds,
  nil,
  nothing,
  number,
  object,
  text,
  type Value,
  wrong,
} from './case.js'

const connect = (options: object): unknown => new TestEtcd().connect(options)
const restart = (options: object): void => {
  new TestEtcd().restart(options)
}
const failure = (options: object): unknown =>
  new TestEtcd().fail({ status: 'INTERNAL', message: '', ...options })

/** Each call that takes the scope of a fault. */
const faults: Readonly<Record<string, (where: object) => unknown>> = {
  'test.fail': (where) => new TestEtcd().fail({ status: 'INTERNAL', message: '' }, where),
  'test.dropRequests': (where) => new TestEtcd().dropRequests(where),
  'test.dropAnswers': (where) => new TestEtcd().dropAnswers(where),
  'test.delay': (where) => new TestEtcd().delay(5, where),
}

const empty: Value = ['', '""']
const rows = (
  call: string,
  make: (options: object) => unknown,
  ...options: readonly (readonly [option: string, expected: RegExp, values: readonly Value[]])[]
): Case[] =>
  options.flatMap(([option, expected, values]) =>
    wrong(call, option, expected, values, (value) => make({ [option]: value })),
  )

const devServers: Case[] = [
  ...wrong('DevServer.start(options)', 'options', anObject, [nil, number, text], (options) =>
    DevServer.start(options),
  ),
  ...rows(
    'DevServer.start',
    (options) => DevServer.start(options),
    ['host', /^expected an address like '127\.0\.0\.1'$/, [nil, number, empty]],
    ['port', /^expected an integer from 0 to 65535$/, [nil, [-1, '-1'], [65_536, '65536'], text]],
    ['name', /^expected a string like 'devserver'$/, [nil, number, empty]],
    ['firstRevision', /^expected a bigint from 1n to 2n \*\* 62n$/, [nil, [0n, '0n'], [1, '1']]],
    [
      'progressNotifyIntervalMs',
      /^expected milliseconds above 0$/,
      [nil, [0, '0'], [-1, '-1'], [Infinity, 'Infinity'], text],
    ],
    ['log', aFunction, [nil, [true, 'true']]],
    ['clock', aClock, [nil, object]],
    ['random', aFunction, [nil, number]],
  ),
]

const testEtcds: Case[] = [
  ...wrong('new TestEtcd(options)', 'options', anObject, [nil, number, text], (options) => {
    return new TestEtcd(options)
  }),
  ...rows(
    'new TestEtcd',
    (options) => new TestEtcd(options),
    ['clock', /^expected a TestClock$/, [nil, object]],
    ['seed', /^expected an integer$/, [nil, [0.5, '0.5'], text]],
  ),
  ...rows(
    'test.connect',
    connect,
    ['attemptTimeoutMs', milliseconds, [nil, [0, '0']]],
    ['callTimeoutMs', milliseconds, [nil, [0, '0']]],
  ),
  ...wrong('test.connect', 'user', /^expected a name, because/, [nothing, number], (user) =>
    connect({ user, password: 'pass' }),
  ),
  ...wrong('test.connect', 'password', /^expected a string, because/, [nothing], (password) =>
    connect({ user: 'root', password }),
  ),
  ...rows(
    'test.restart',
    restart,
    ['store', /^expected 'kept' or 'lost'$/, [nil, text]],
    ['firstRevision', /^expected a bigint from 1n up$/, [nil, [0n, '0n'], number]],
  ),
  ...wrong('test.fail(failure)', 'failure', anObject, [nothing, nil, text], (status) =>
    new TestEtcd().fail(status),
  ),
  ...rows(
    'test.fail(failure)',
    failure,
    ['status', /^expected one of UNAVAILABLE, /, [nothing, nil, text]],
    ['message', /^expected a string$/, [nothing, nil, number]],
  ),
  ...Object.entries(faults).flatMap(([call, make]) => [
    ...wrong(`${call}(where)`, 'where', anObject, [nil, text], make),
    ...rows(
      call,
      make,
      ['method', /^expected one of Range, Txn, /, [nil, text]],
      ['client', /^expected what connect\(\) returned$/, [nil, object]],
    ),
    ...(call === 'test.delay'
      ? []
      : rows(call, make, ['times', /^expected an integer from 1 up$/, [nil, [0, '0'], text]])),
  ]),
  ...rows(
    'test.putKey',
    (options) => {
      new TestEtcd().putKey('key', 'value', options)
    },
    ['leaseId', /^expected a lease that is there$/, [nil, number, [7n, '7n']]],
    ['leaseID', /^expected a known option \(did you mean 'leaseId'\?\)$/, [nothing]],
  ),
]

export const testingCases: readonly Case[] = [...devServers, ...testEtcds]

export const testingCalls: readonly Call[] = [
  {
    call: 'DevServer.start',
    type: 'DevServerOptions',
    make: (_etcd, options) => DevServer.start(options),
  },
  {
    call: 'new TestEtcd',
    type: 'TestEtcdOptions',
    make: (_etcd, options) => new TestEtcd(options),
  },
  { call: 'test.connect', type: 'TestClientOptions', make: (_etcd, options) => connect(options) },
  {
    call: 'test.start',
    type: 'StartOptions',
    make: (_etcd, options) => {
      new TestEtcd().start(options)
    },
  },
  {
    call: 'test.restart',
    type: 'StartOptions',
    make: (_etcd, options) => {
      restart(options)
    },
  },
  { call: 'test.fail(failure)', type: 'Failure', make: (_etcd, options) => failure(options) },
  ...Object.entries(faults).map(([call, make]): Call => ({
    call,
    type: 'Where',
    except: call === 'test.delay' ? ['times'] : [],
    make: (_etcd, options) => make(options),
  })),
]
