import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type ChildProcess, spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  AuthenticateRequestSchema,
  AuthenticateResponseSchema,
} from '../../../../src/etcd/wire/gen/auth_pb.js'
import { LeaseRevokeRequestSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { GuardianCluster } from '../../../../src/guardian/program/cluster.js'
import { GuardianConnection } from '../../../../src/guardian/program/connection.js'
import { paths } from '../../../../src/guardian/program/messages.js'
import type { GuardianAccess } from '../../../../src/guardian/protocol.js'
import { settled } from '../../../../src/testing/test-clock.js'
import { FakeMember, type MemberRequest } from '../../../support/fake-member.js'
import { freePorts } from '../../../support/ports.js'
import { until } from '../../../support/until.js'

const ok = 0
const notFound = 5
const unavailable = 14
const unauthenticated = 16
const ttlS = 60

/** A guardian of these members, or of one that answers nothing by itself. */
async function setUp({
  count = 1,
  targets = [] as string[],
  credentials = undefined as GuardianAccess['credentials'],
} = {}) {
  const members = await Promise.all(Array.from({ length: count }, () => FakeMember.start()))
  const endpoints = [...targets, ...members.map(({ target }) => target)].map((target) => ({
    ...{ target, tls: false },
  }))
  let connected = 0
  const access = { endpoints, tls: undefined, credentials }
  const cluster = new GuardianCluster(access, () => (connected += 1))
  onTestFinished(async () => {
    cluster.close()
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()))
  })
  return {
    ...{ cluster, members },
    connected: () => connected,
    requests: () => members.flatMap(({ requests }) => requests),
    /** Answers every revocation like this. */
    revocations: (answer: (request: MemberRequest) => void) => {
      for (const member of members) member.onRequest = answer
    },
  }
}

/** The lease that a request revokes. */
function leaseIn({ path, body }: MemberRequest): bigint {
  expect(path).toBe(paths.leaseRevoke)
  return fromBinary(LeaseRevokeRequestSchema, body.subarray(5)).ID
}

async function processThatSleeps(): Promise<ChildProcess> {
  const child = spawn('sleep', ['600'])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.once('spawn', resolve))
  return child
}

/** That many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await settled()
}

describe('all that a guardian holds', () => {
  test('is revoked, but not what it was told to release', async () => {
    const { cluster, requests, revocations } = await setUp()
    revocations((request) => {
      request.answer(ok)
    })
    for (const lease of [1n, 2n, 2n ** 63n - 1n]) cluster.hold(lease, ttlS)
    cluster.release(2n)
    await cluster.revokeAll()
    expect(requests().map(leaseIn)).toEqual([1n, 2n ** 63n - 1n])
  })

  test('may be nothing', async () => {
    const { cluster, requests } = await setUp()
    await cluster.revokeAll()
    expect(requests()).toEqual([])
  })

  test('is revoked over the connection that was open before', async () => {
    const { cluster, members, connected, revocations } = await setUp()
    await until(connected, { what: 'the connection' })
    revocations((request) => {
      request.answer(ok)
    })
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(members[0]?.connections).toBe(1)
  })
})

describe('a lease', () => {
  test('that etcd does not have counts as revoked', async () => {
    const { cluster, requests, revocations } = await setUp()
    revocations((request) => {
      request.answer(notFound, 'requested lease not found')
    })
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(requests()).toHaveLength(1)
  })

  test('that could not be revoked is tried again', async () => {
    const { cluster, requests, revocations } = await setUp()
    revocations((request) => {
      request.answer(requests().length < 3 ? unavailable : ok)
    })
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(requests().map(leaseIn)).toEqual([1n, 1n, 1n])
  })

  test('that must have run out is not revoked', async () => {
    const { cluster, requests } = await setUp()
    cluster.hold(1n, 0)
    await cluster.revokeAll()
    expect(requests()).toEqual([])
  })

  test('is revoked by another member beside one that is silent', async () => {
    const { cluster, members, requests } = await setUp({ count: 2 })
    let isFirstStillAsked: boolean | undefined
    const answers = (request: MemberRequest): void => {
      // The first that is asked stays silent.
      if (requests().length === 1) return
      const first = members.find((member) => !member.requests.includes(request))
      // A connection that was given up before would be known to have ended by then.
      void turns(100).then(() => {
        isFirstStillAsked = first?.open === 1
        request.answer(ok)
      })
    }
    for (const member of members) member.onRequest = answers
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(members.map((member) => member.requests.length)).toEqual([1, 1])
    expect(isFirstStillAsked).toBe(true)
  })

  test('is revoked by the members that can be reached', async () => {
    const ports = await freePorts(2)
    const { cluster, requests, revocations } = await setUp({
      targets: ports.map((port) => `127.0.0.1:${String(port)}`),
    })
    revocations((request) => {
      request.answer(ok)
    })
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(requests().map(leaseIn)).toEqual([1n])
  })

  test('is revoked only after the process that still uses it is gone', async () => {
    const { cluster, requests, revocations } = await setUp()
    const child = await processThatSleeps()
    const facts: string[] = []
    revocations((request) => {
      facts.push(`${String(leaseIn(request))} revoked`)
      request.answer(ok)
    })
    cluster.hold(1n, ttlS, child.pid)
    cluster.hold(2n, ttlS)
    const revoked = cluster.revokeAll()
    // No process uses this lease any more.
    await until(() => requests().length === 1, { what: 'the other lease' })
    facts.push('killed')
    child.kill('SIGKILL')
    await revoked
    expect(facts).toEqual(['2 revoked', 'killed', '1 revoked'])
  })
})

describe('with a user', () => {
  const credentials = { user: 'u', password: 'p' }

  test('the token of the parent is used', async () => {
    const { cluster, requests, revocations } = await setUp({ credentials })
    revocations((request) => {
      request.answer(ok)
    })
    cluster.token = 't1'
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(requests().map(({ headers }) => headers['token'])).toEqual(['t1'])
  })

  test('a void token is replaced by signing in, and the request is sent again', async () => {
    const { cluster, requests, revocations } = await setUp({ credentials })
    revocations((request) => {
      if (request.path === paths.authenticate) {
        const message = create(AuthenticateResponseSchema, { token: 't2' })
        const bytes = toBinary(AuthenticateResponseSchema, message)
        const head = Buffer.alloc(5)
        head.writeUInt32BE(bytes.length, 1)
        request.answer(ok, '', Buffer.concat([head, bytes]))
      } else if (request.headers['token'] === 't2') request.answer(ok)
      else request.answer(unauthenticated, 'etcdserver: invalid auth token')
    })
    cluster.token = 't1'
    cluster.hold(1n, ttlS)
    await cluster.revokeAll()
    expect(requests().map(({ path }) => path)).toEqual([
      ...[paths.leaseRevoke, paths.authenticate, paths.leaseRevoke],
    ])
    const signIn = fromBinary(AuthenticateRequestSchema, requests()[1]?.body.subarray(5) ?? body)
    expect(signIn).toMatchObject({ name: 'u', password: 'p' })
    expect(requests()[1]?.headers).not.toHaveProperty('token')
  })
})

const body = new Uint8Array()

describe('the connection to the cluster', () => {
  test('is made again when it ends, and told each time', async () => {
    const { members, connected } = await setUp()
    await until(() => connected() === 1, { what: 'the connection' })
    members[0]?.endConnections()
    await until(() => connected() === 2, { what: 'another connection' })
    expect(members[0]?.connections).toBe(2)
  })

  test('is made to the next member when one ends it', async () => {
    const { members, connected } = await setUp({ count: 2 })
    await until(() => connected() === 1, { what: 'the connection' })
    const first = members.find(({ connections }) => connections === 1)
    first?.endConnections()
    await until(() => connected() === 2, { what: 'another connection' })
    expect(members.map(({ connections }) => connections)).toEqual([1, 1])
  })

  test('is not made again once it is closed', async () => {
    const { cluster, members, connected } = await setUp()
    const [member] = members
    await until(() => connected() === 1, { what: 'the connection' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    cluster.close()
    while (member?.open !== 0) await settled()
    vi.advanceTimersByTime(60_000)
    // A connection that was begun before this one would be there first.
    const endpoint = { target: member.target, tls: false }
    const other = new GuardianConnection(endpoint, undefined)
    member.onRequest = (request) => {
      request.answer(ok)
    }
    await other.send('/service/Method', Buffer.alloc(0), undefined, 30_000)
    other.close()
    expect(member.connections).toBe(2)
  })
})
