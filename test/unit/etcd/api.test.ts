import { describe, expect, test } from 'vitest'
import { ClosedError } from '../../../src/base/errors.js'
import { Auth } from '../../../src/etcd/wire/gen/auth_pb.js'
import { KV } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd } from '../../support/fake-etcd.js'

describe('a client that is closed', () => {
  test('tells all who listen, once', async () => {
    const { api, etcd } = new FakeEtcd()
    const heard: string[] = []
    api.onClose(() => heard.push(`closed: ${String(api.isClosed)}`))
    const off = api.onClose(() => heard.push('taken off'))
    off()
    expect(api.isClosed).toBe(false)
    await etcd.close()
    await etcd.close()
    expect(heard).toEqual(['closed: true'])
  })

  test('ends the calls that wait, and refuses later ones', async () => {
    const { api, etcd, cluster } = new FakeEtcd()
    const waiting = api.range({})
    await etcd.close()
    await expect(waiting).rejects.toBeInstanceOf(ClosedError)
    await expect(api.range({})).rejects.toBeInstanceOf(ClosedError)
    expect(cluster.calls(KV.method.range)).toHaveLength(1)
  })
})

test('the sign-in token is known once the first call needed it, and its listeners are told', async () => {
  const { api, cluster } = new FakeEtcd({ user: 'u', password: 'p' })
  const tokens: (string | undefined)[] = []
  api.onSignInToken(() => tokens.push(api.signInToken))
  expect(api.signInToken).toBe(undefined)
  const read = api.range({})
  cluster.call(Auth.method.authenticate).answer({ token: 't1' })
  await settled()
  cluster.call(KV.method.range).answer({})
  await read
  expect(tokens).toEqual(['t1'])
})
