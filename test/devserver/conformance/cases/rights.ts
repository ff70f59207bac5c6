// What users may do while auth is enabled. Each case starts its own server.

import { expect, test } from 'vitest'
import { Compare_CompareTarget as Target } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { withAuth } from '../own-server.js'
import { failure } from '../raw/client.js'
import { header, prefixEnd, since, type Subject } from '../subject.js'

const denied = 'PERMISSION_DENIED etcdserver: permission denied'
const noUser = 'INVALID_ARGUMENT etcdserver: user name is empty'
const badToken = 'UNAUTHENTICATED etcdserver: invalid auth token'

export function rightsCases(subject: () => Subject): void {
  /** The outcome of a call: `OK`, or the failure. */
  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => 'OK',
      () => failure(call),
    )

  test('without a token the store is not accessible', async () => {
    await withAuth(subject(), async ({ anonymous }) => {
      expect(await failure(anonymous.range({ key: 'a' }))).toBe(noUser)
      expect(await failure(anonymous.put({ key: 'a' }))).toBe(noUser)
      expect(await failure(anonymous.deleteRange({ key: 'a' }))).toBe(noUser)
      expect(await failure(anonymous.txn({ success: [{ requestPut: { key: 'a' } }] }))).toBe(noUser)
      expect(await outcome(anonymous.txn({}))).toBe('OK')
      expect(await failure(anonymous.call(anonymous.auth.userList, {}))).toBe(noUser)
      expect(await failure(anonymous.call(anonymous.auth.authDisable, {}))).toBe(noUser)
      expect(await failure(anonymous.call(anonymous.election.campaign, { name: 'e' }))).toBe(
        'UNKNOWN etcdserver: user name is empty',
      )
    })
  })

  test('without a token leases, compaction, members and the status are not accessible since 3.5; in 3.4 they are', async () => {
    const expected = since(subject().series, '3.5', noUser, 'OK')
    await withAuth(subject(), async ({ anonymous }) => {
      expect(await outcome(anonymous.grant(600n, 5n))).toBe(expected)
      expect(await outcome(anonymous.leases())).toBe(expected)
      expect(await outcome(anonymous.members())).toBe(expected)
      expect(await outcome(anonymous.status())).toBe(expected)
      expect(await outcome(anonymous.compact({ revision: 1n }))).toBe(expected)
      const keepAlive = anonymous.keepAlive()
      keepAlive.send({ ID: 5n })
      expect(
        await Promise.race([
          keepAlive.next().then(
            () => 'OK',
            () => keepAlive.ended,
          ),
        ]),
      ).toBe(expected)
      keepAlive.cancel()
      expect((await anonymous.call(anonymous.health.check, {})).status).toBe(1)
    })
  })

  test('a watch without rights is refused on an open stream', async () => {
    await withAuth(subject(), async ({ anonymous, ann }) => {
      const refused = (cancelReason: string) => ({
        header: header(1n),
        watchId: -1n,
        created: true,
        canceled: true,
        cancelReason,
      })
      const without = anonymous.watch({ key: 'app/a' })
      expect(await without.next()).toEqual(
        refused('rpc error: code = InvalidArgument desc = etcdserver: user name is empty'),
      )
      without.cancel()
      const stream = ann.watch({ key: 'x' })
      expect(await stream.next()).toEqual(
        refused('rpc error: code = PermissionDenied desc = etcdserver: permission denied'),
      )
      stream.send({ createRequest: { key: 'app/', rangeEnd: prefixEnd('app/') } })
      expect(await stream.next()).toEqual({ header: header(1n), created: true })
      await ann.put({ key: 'app/a', value: '1' })
      expect((await stream.next()).events?.[0]?.kv?.value).toBe('1')
      stream.cancel()
    })
  })

  test('an invalid token is refused', async () => {
    await withAuth(subject(), async ({ anonymous, connect }) => {
      const stranger = connect({ token: 'nonsense.1' })
      expect(await failure(stranger.range({ key: 'app/a' }))).toBe(badToken)
      const { token = '' } = await anonymous.call(anonymous.auth.authenticate, {
        name: 'ann',
        password: 'a',
      })
      const known = connect({ authorization: token })
      expect(await outcome(known.range({ key: 'app/a' }))).toBe('OK')
    })
  })

  test('a permission covers exactly its interval', async () => {
    await withAuth(subject(), async ({ ann }) => {
      const range = (key: string, rangeEnd = '') => outcome(ann.range({ key, rangeEnd }))
      expect(await range('app/a')).toBe('OK')
      expect(await range('app/', 'app0')).toBe('OK')
      expect(await range('app/a', 'app/b')).toBe('OK')
      expect(await range('app/', 'app1')).toBe(denied)
      expect(await range('app')).toBe(denied)
      expect(await range('app0')).toBe(denied)
      expect(await range('r')).toBe('OK')
      expect(await range('ra')).toBe(denied)
      expect(await range('zz', '\0')).toBe('OK')
      expect(await range('zzz')).toBe('OK')
      expect(await range('zy', '\0')).toBe(denied)
      expect(await failure(ann.range({}))).toBe('INVALID_ARGUMENT etcdserver: key is not provided')
    })
  })

  test('reading and writing are separate rights; the previous value needs the right to read', async () => {
    await withAuth(subject(), async ({ ann }) => {
      expect(await outcome(ann.put({ key: 'r' }))).toBe(denied)
      expect(await outcome(ann.put({ key: 'w' }))).toBe('OK')
      expect(await outcome(ann.put({ key: 'w', prevKv: true }))).toBe(denied)
      expect(await outcome(ann.range({ key: 'w' }))).toBe(denied)
      expect(await outcome(ann.deleteRange({ key: 'w', prevKv: true }))).toBe(denied)
      expect(await outcome(ann.deleteRange({ key: 'w' }))).toBe('OK')
      expect(await outcome(ann.deleteRange({ key: 'r' }))).toBe(denied)
      expect(await outcome(ann.deleteRange({ key: 'app/', rangeEnd: 'app0' }))).toBe('OK')
      expect(await outcome(ann.put({ key: 'app/a', prevKv: true }))).toBe('OK')
    })
  })

  test('a transaction needs the rights for all its parts, whichever are executed', async () => {
    await withAuth(subject(), async ({ ann }) => {
      const compare = (key: string) => [{ key, target: Target.CREATE, createRevision: 0n }]
      const put = (key: string) => [{ requestPut: { key } }]
      expect(await outcome(ann.txn({ compare: compare('app/a'), success: put('app/a') }))).toBe(
        'OK',
      )
      expect(await outcome(ann.txn({ compare: compare('x'), success: put('app/a') }))).toBe(denied)
      expect(await outcome(ann.txn({ compare: compare('w'), success: put('w') }))).toBe(denied)
      expect(await outcome(ann.txn({ success: put('app/a'), failure: put('x') }))).toBe(denied)
      expect(
        await outcome(ann.txn({ success: [{ requestRange: { key: 'app/', rangeEnd: 'app1' } }] })),
      ).toBe(denied)
    })
  })

  test('a nested transaction needs rights since 3.5; 3.4 does not check it', async () => {
    await withAuth(subject(), async ({ ann }) => {
      const nested = ann.txn({
        success: [{ requestTxn: { success: [{ requestPut: { key: 'x' } }] } }],
      })
      expect(await outcome(nested)).toBe(since(subject().series, '3.5', denied, 'OK'))
    })
  })

  test('a user without the right to a key of a lease may not revoke the lease or attach keys to it', async () => {
    await withAuth(subject(), async ({ ann, root }) => {
      await ann.grant(600n, 77n)
      await ann.put({ key: 'app/l', lease: 77n })
      expect((await ann.timeToLive({ ID: 77n, keys: true })).keys).toEqual(['app/l'])
      await root.put({ key: 'secret', lease: 77n })
      expect(await outcome(ann.revoke(77n))).toBe(denied)
      expect(await outcome(ann.put({ key: 'app/m', lease: 77n }))).toBe(denied)
      expect(await outcome(ann.timeToLive({ ID: 77n }))).toBe('OK')
      expect(await outcome(ann.timeToLive({ ID: 77n, keys: true }))).toBe(
        since(subject().series, '3.5', denied, 'OK'),
      )
      expect(await outcome(root.revoke(77n))).toBe('OK')
    })
  })

  test('only root manages users and roles; users may see themselves and their roles', async () => {
    await withAuth(subject(), async ({ ann, root }) => {
      const { auth } = ann
      expect(await outcome(ann.call(auth.userGet, { name: 'ann' }))).toBe('OK')
      expect(await outcome(ann.call(auth.roleGet, { role: 'app' }))).toBe('OK')
      expect(await outcome(ann.call(auth.userGet, { name: 'root' }))).toBe(denied)
      expect(await outcome(ann.call(auth.roleGet, { role: 'root' }))).toBe(denied)
      expect(await outcome(ann.call(auth.userList, {}))).toBe(denied)
      expect(await outcome(ann.call(auth.roleList, {}))).toBe(denied)
      expect(await outcome(ann.call(auth.userAdd, { name: 'b', password: 'b' }))).toBe(denied)
      expect(await outcome(ann.call(auth.roleAdd, { name: 'b' }))).toBe(denied)
      expect(await outcome(ann.call(auth.userChangePassword, { name: 'ann', password: 'b' }))).toBe(
        denied,
      )
      expect(await outcome(ann.call(auth.authDisable, {}))).toBe(denied)
      expect(await outcome(root.call(auth.userList, {}))).toBe('OK')
      expect(await outcome(root.range({ key: '\0', rangeEnd: '\0' }))).toBe('OK')
    })
  })

  test('only root may compact since 3.5; in 3.4 every user may', async () => {
    await withAuth(subject(), async ({ ann, root }) => {
      await ann.put({ key: 'app/a' })
      expect(await outcome(ann.compact({ revision: 1n }))).toBe(
        since(subject().series, '3.5', denied, 'OK'),
      )
      expect(await outcome(root.compact({ revision: 2n }))).toBe('OK')
    })
  })

  test('revoking a permission or deleting a role takes effect at once', async () => {
    await withAuth(subject(), async ({ ann, root }) => {
      const { auth } = root
      expect(await outcome(ann.put({ key: 'app/a' }))).toBe('OK')
      await root.call(auth.roleRevokePermission, { role: 'app', key: 'app/', rangeEnd: 'app0' })
      expect(await outcome(ann.put({ key: 'app/a' }))).toBe(denied)
      expect(await outcome(ann.put({ key: 'w' }))).toBe('OK')
      await root.call(auth.roleDelete, { role: 'app' })
      expect(await outcome(ann.put({ key: 'w' }))).toBe(denied)
    })
  })

  test('a new password, or deleting the user, invalidates its tokens', async () => {
    await withAuth(subject(), async ({ ann, root, login }) => {
      const { auth } = root
      await root.call(auth.userChangePassword, { name: 'ann', password: 'b' })
      expect(await outcome(ann.range({ key: 'r' }))).toBe(badToken)
      const again = await login('ann', 'b')
      expect(await outcome(again.range({ key: 'r' }))).toBe('OK')
      await root.call(auth.userDelete, { name: 'ann' })
      expect(await outcome(again.range({ key: 'r' }))).toBe(badToken)
    })
  })

  test('an open watch goes on when its permission is revoked', async () => {
    await withAuth(subject(), async ({ ann, root }) => {
      const stream = ann.watch({ key: 'app/a' })
      await stream.next()
      await root.call(root.auth.roleDelete, { role: 'app' })
      await root.put({ key: 'app/a', value: 'late' })
      expect((await stream.next()).events?.[0]?.kv?.value).toBe('late')
      stream.cancel()
    })
  })
}
