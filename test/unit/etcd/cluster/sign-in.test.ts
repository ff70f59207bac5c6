import { describe, expect, test } from 'vitest'
import { Members } from '../../../../src/etcd/cluster/members.js'
import { type Credentials, SignIn } from '../../../../src/etcd/cluster/sign-in.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'
import { Auth } from '../../../../src/etcd/wire/gen/auth_pb.js'
import { Status } from '../../../../src/etcd/wire/transport.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { FakeCluster } from '../../../support/fake-cluster.js'

const { authenticate } = Auth.method
const user = { user: 'u', password: 'p' }

function setUp(credentials: Credentials | undefined = user) {
  const clock = new TestClock()
  const cluster = new FakeCluster(clock)
  const members = new Members([parseEndpoint('a:1')], cluster.connect, clock, () => 0)
  const signIn = new SignIn(credentials)
  const changes: string[] = []
  const off = signIn.onChange(() => changes.push(signIn.metadata?.['token'] ?? 'no token'))
  return {
    ...{ clock, cluster, signIn, changes, off },
    ask: (signal?: AbortSignal) => signIn.authenticate(members.preferred, 2_000, signal),
  }
}

test('without a user there is nothing to sign in for, and nothing to forget', () => {
  const signIn = new SignIn(undefined)
  expect(signIn.hasCredentials).toBe(false)
  expect(signIn.metadata).toEqual({ hasleader: 'true' })
  signIn.forget()
  expect(signIn.metadata).toEqual({ hasleader: 'true' })
})

describe('a user', () => {
  test('is signed in with name and password, and gets a token for all that follows', async () => {
    const { cluster, signIn, ask, changes } = setUp()
    expect(signIn.hasCredentials).toBe(true)
    expect(signIn.metadata).toBe(undefined)
    const asked = ask()
    const call = cluster.call(authenticate)
    expect(call.request).toMatchObject({ name: 'u', password: 'p' })
    expect(call.options).toMatchObject({ metadata: { hasleader: 'true' }, timeoutMs: 2_000 })
    call.answer({ token: 't1' })
    expect(await asked).toEqual({ hasleader: 'true', token: 't1' })
    expect(signIn.metadata).toEqual({ hasleader: 'true', token: 't1' })
    expect(changes).toEqual(['t1'])
  })

  test('is signed in once for all who wait', async () => {
    const { cluster, ask, changes } = setUp()
    const asked = [ask(), ask(), ask()]
    cluster.call(authenticate).answer({ token: 't1' })
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(cluster.calls(authenticate)).toHaveLength(1)
    expect(changes).toEqual(['t1'])
  })

  test('is signed in for the others when one no longer waits', async () => {
    const { cluster, ask } = setUp()
    const controller = new AbortController()
    const [impatient, patient] = [ask(controller.signal), ask()]
    const reason = new Error('no longer interested')
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    cluster.call(authenticate).answer({ token: 't1' })
    expect(await patient).toMatchObject({ token: 't1' })
  })

  test('who is refused is asked for again by the next caller', async () => {
    const { cluster, signIn, ask, changes } = setUp()
    const refused = ask()
    cluster.call(authenticate).fail(Status.invalidArgument, 'etcdserver: authentication failed')
    await expect(refused).rejects.toMatchObject({ code: Status.invalidArgument })
    expect(signIn.metadata).toBe(undefined)
    expect(changes).toEqual([])
    const next = ask()
    cluster.call(authenticate).answer({ token: 't2' })
    expect(await next).toMatchObject({ token: 't2' })
  })

  test('is served without a token while authentication is off, and signed in once it is on', async () => {
    const { cluster, signIn, ask, changes } = setUp()
    const off = ask()
    cluster
      .call(authenticate)
      .fail(Status.failedPrecondition, 'etcdserver: authentication is not enabled')
    expect(await off).toEqual({ hasleader: 'true' })
    signIn.forget()
    expect(signIn.metadata).toBe(undefined)
    const on = ask()
    cluster.call(authenticate).answer({ token: 't1' })
    await on
    expect(changes).toEqual(['no token', 't1'])
  })

  test('keeps a new token when an old one is refused late', async () => {
    const { cluster, signIn, ask } = setUp()
    const first = ask()
    cluster.call(authenticate).answer({ token: 't1' })
    const old = await first
    signIn.forget(old)
    expect(signIn.metadata).toBe(undefined)
    const second = ask()
    cluster.call(authenticate).answer({ token: 't2' })
    await second
    signIn.forget(old)
    expect(signIn.metadata).toMatchObject({ token: 't2' })
    signIn.forget()
    expect(signIn.metadata).toBe(undefined)
  })
})

test('a listener that was taken off hears of no sign-in', async () => {
  const { cluster, ask, changes, off } = setUp()
  off()
  const asked = ask()
  cluster.call(authenticate).answer({ token: 't1' })
  await asked
  expect(changes).toEqual([])
})

test('a sign-in gets 1 ms at least, for a call whose time is over', async () => {
  const { clock, cluster, signIn } = setUp()
  const members = new Members([parseEndpoint('a:1')], cluster.connect, clock, () => 0)
  signIn.authenticate(members.preferred, -5).catch(() => undefined)
  await settled()
  expect(cluster.call(authenticate).options.timeoutMs).toBe(1)
})
