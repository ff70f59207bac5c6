// Managing users, roles and permissions; rights.ts tests what they allow. Each case starts its own
// server, because auth concerns a whole server.

import { expect, test } from 'vitest'
import { Permission_Type as Right } from '../../../../src/etcd/wire/gen/authpb_pb.js'
import { withAuth, withServer } from '../own-server.js'
import { failure } from '../raw/client.js'
import { header, prefixEnd, since, type Subject } from '../subject.js'

export function authCases(subject: () => Subject): void {
  test('users are added, listed, changed and deleted', async () => {
    await withServer(subject(), async ({ etcd }) => {
      const { auth } = etcd
      const done = { header: header(1n) }
      expect(await etcd.call(auth.userList, {})).toEqual(done)
      expect(await etcd.call(auth.userAdd, { name: 'bob', password: 'b' })).toEqual(done)
      expect(await etcd.call(auth.userAdd, { name: 'ann', password: '' })).toEqual(done)
      expect(await failure(etcd.call(auth.userAdd, { name: 'bob', password: 'c' }))).toBe(
        'FAILED_PRECONDITION etcdserver: user name already exists',
      )
      expect(await failure(etcd.call(auth.userAdd, { password: 'c' }))).toBe(
        'INVALID_ARGUMENT etcdserver: user name is empty',
      )
      expect(await etcd.call(auth.userList, {})).toEqual({ ...done, users: ['ann', 'bob'] })
      expect(await etcd.call(auth.userGet, { name: 'bob' })).toEqual(done)
      expect(await etcd.call(auth.userChangePassword, { name: 'bob', password: 'd' })).toEqual(done)
      expect(await etcd.call(auth.userDelete, { name: 'ann' })).toEqual(done)
      expect(await etcd.call(auth.userList, {})).toEqual({ ...done, users: ['bob'] })
      const missing = 'FAILED_PRECONDITION etcdserver: user name not found'
      expect(await failure(etcd.call(auth.userGet, { name: 'ann' }))).toBe(missing)
      expect(await failure(etcd.call(auth.userDelete, { name: 'ann' }))).toBe(missing)
      expect(
        await failure(etcd.call(auth.userChangePassword, { name: 'ann', password: 'x' })),
      ).toBe(missing)
    })
  })

  test('roles are added, granted, revoked and deleted', async () => {
    await withServer(subject(), async ({ etcd }) => {
      const { auth } = etcd
      const done = { header: header(1n) }
      await etcd.call(auth.userAdd, { name: 'ann', password: 'a' })
      expect(await etcd.call(auth.roleAdd, { name: 'writer' })).toEqual(done)
      expect(await etcd.call(auth.roleAdd, { name: 'reader' })).toEqual(done)
      expect(await failure(etcd.call(auth.roleAdd, { name: 'reader' }))).toBe(
        'FAILED_PRECONDITION etcdserver: role name already exists',
      )
      expect(await failure(etcd.call(auth.roleAdd, {}))).toBe(
        'INVALID_ARGUMENT etcdserver: role name is empty',
      )
      expect(await etcd.call(auth.roleList, {})).toEqual({ ...done, roles: ['reader', 'writer'] })
      const grant = (user: string, role: string) => etcd.call(auth.userGrantRole, { user, role })
      expect(await grant('ann', 'writer')).toEqual(done)
      expect(await grant('ann', 'reader')).toEqual(done)
      expect(await grant('ann', 'reader')).toEqual(done)
      expect(await etcd.call(auth.userGet, { name: 'ann' })).toEqual({
        ...done,
        roles: ['reader', 'writer'],
      })
      const missingUser = 'FAILED_PRECONDITION etcdserver: user name not found'
      const missingRole = 'FAILED_PRECONDITION etcdserver: role name not found'
      expect(await failure(grant('bob', 'reader'))).toBe(missingUser)
      expect(await failure(grant('ann', 'nobody'))).toBe(missingRole)
      const revoke = (name: string, role: string) => etcd.call(auth.userRevokeRole, { name, role })
      expect(await revoke('ann', 'writer')).toEqual(done)
      expect(await failure(revoke('ann', 'writer'))).toBe(
        'FAILED_PRECONDITION etcdserver: role is not granted to the user',
      )
      expect(await failure(revoke('bob', 'writer'))).toBe(missingUser)
      expect(await etcd.call(auth.roleDelete, { role: 'reader' })).toEqual(done)
      expect(await failure(etcd.call(auth.roleDelete, { role: 'reader' }))).toBe(missingRole)
      expect(await failure(etcd.call(auth.roleGet, { role: 'reader' }))).toBe(missingRole)
      expect(await etcd.call(auth.userGet, { name: 'ann' })).toEqual(done)
    })
  })

  test('permissions are granted to roles, listed by key, replaced and revoked', async () => {
    await withServer(subject(), async ({ etcd }) => {
      const { auth } = etcd
      const done = { header: header(1n) }
      await etcd.call(auth.roleAdd, { name: 'app' })
      const grant = (name: string, perm: object) =>
        etcd.call(auth.roleGrantPermission, { name, perm })
      const prefix = { key: 'app/', rangeEnd: prefixEnd('app/') }
      const readwrite = { permType: Right.READWRITE, ...prefix }
      const write = { permType: Right.WRITE, key: 'w' }
      const everythingFrom = { key: 'zz', rangeEnd: '\0' }
      expect(await grant('app', everythingFrom)).toEqual(done)
      expect(await grant('app', write)).toEqual(done)
      expect(await grant('app', prefix)).toEqual(done)
      expect(await grant('app', readwrite)).toEqual(done)
      expect(await etcd.call(auth.roleGet, { role: 'app' })).toEqual({
        ...done,
        perm: [readwrite, write, everythingFrom],
      })
      expect(await failure(grant('nobody', write))).toBe(
        'FAILED_PRECONDITION etcdserver: role name not found',
      )
      const revoke = (role: string, interval: object) =>
        etcd.call(auth.roleRevokePermission, { role, ...interval })
      expect(await failure(revoke('app', { key: 'app/' }))).toBe(
        'FAILED_PRECONDITION etcdserver: permission is not granted to the role',
      )
      expect(await failure(revoke('nobody', prefix))).toBe(
        'FAILED_PRECONDITION etcdserver: role name not found',
      )
      expect(await revoke('app', prefix)).toEqual(done)
      expect(await etcd.call(auth.roleGet, { role: 'app' })).toEqual({
        ...done,
        perm: [write, everythingFrom],
      })
    })
  })

  test('a permission without a key or on an empty interval is refused since 3.5; a grant without a permission makes 3.4 panic', async () => {
    await withServer(subject(), async ({ etcd }) => {
      await etcd.call(etcd.auth.roleAdd, { name: 'app' })
      const grant = (given: object) =>
        etcd
          .call(etcd.auth.roleGrantPermission, { name: 'app', ...given })
          .then(() => 'granted', String)
      const { series } = subject()
      const refused = 'RawError: INVALID_ARGUMENT etcdserver: invalid auth management'
      const expected = since(series, '3.5', refused, 'granted')
      expect(await grant({ perm: { key: 'b', rangeEnd: 'a' } })).toBe(expected)
      expect(await grant({ perm: { key: '' } })).toBe(expected)
      expect(await grant({})).toMatch(
        since<string | RegExp>(
          series,
          '3.5',
          'RawError: INVALID_ARGUMENT etcdserver: permission not given',
          /^RawError: UNAVAILABLE /,
        ),
      )
    })
  })

  test('auth can only be enabled with a root user that has the root role', async () => {
    await withServer(subject(), async ({ etcd }) => {
      const { auth } = etcd
      const enable = () => etcd.call(auth.authEnable, {})
      expect(await failure(etcd.call(auth.authenticate, { name: 'root', password: 'r' }))).toBe(
        'FAILED_PRECONDITION etcdserver: authentication is not enabled',
      )
      expect(await failure(enable())).toBe(
        'FAILED_PRECONDITION etcdserver: root user does not exist',
      )
      await etcd.call(auth.userAdd, { name: 'root', password: 'r' })
      expect(await failure(enable())).toBe(
        'FAILED_PRECONDITION etcdserver: root user does not have root role',
      )
      await etcd.call(auth.roleAdd, { name: 'root' })
      await etcd.call(auth.userGrantRole, { user: 'root', role: 'root' })
      expect(await enable()).toEqual({ header: header(1n) })
      expect(await failure(etcd.range({ key: 'a' }))).toBe(
        'INVALID_ARGUMENT etcdserver: user name is empty',
      )
    })
  })

  test('the auth status is available since 3.5', async () => {
    const { series } = subject()
    await withServer(subject(), async ({ etcd }) => {
      const status = etcd.call(etcd.auth.authStatus, {}).catch((error: unknown) => String(error))
      expect(await status).toEqual(
        since<unknown>(
          series,
          '3.5',
          { header: header(1n), authRevision: 1n },
          'RawError: UNIMPLEMENTED unknown method AuthStatus for service etcdserverpb.Auth',
        ),
      )
    })
  })

  test('the right password gets a token; a wrong password or an unknown user does not', async () => {
    await withAuth(subject(), async ({ anonymous }) => {
      const { auth } = anonymous
      const wrong =
        'INVALID_ARGUMENT etcdserver: authentication failed, invalid user ID or password'
      expect(await anonymous.call(auth.authenticate, { name: 'ann', password: 'a' })).toEqual({
        header: header(1n),
        token: expect.stringMatching(/./) as unknown,
      })
      expect(await failure(anonymous.call(auth.authenticate, { name: 'ann', password: 'b' }))).toBe(
        wrong,
      )
      expect(await failure(anonymous.call(auth.authenticate, { name: 'bob', password: 'a' }))).toBe(
        wrong,
      )
    })
  })

  test('a user without a password cannot authenticate with one', async () => {
    await withAuth(subject(), async ({ anonymous, root }) => {
      const { auth } = anonymous
      await root.call(auth.userAdd, { name: 'certified', options: { noPassword: true } })
      expect(
        await failure(anonymous.call(auth.authenticate, { name: 'certified', password: '' })),
      ).toBe('UNKNOWN auth: authentication failed, password was given for no password user')
    })
  })

  test('while auth is enabled, the root user and the root role cannot be removed', async () => {
    await withAuth(subject(), async ({ root }) => {
      const { auth } = root
      const refused = 'INVALID_ARGUMENT etcdserver: invalid auth management'
      expect(await failure(root.call(auth.userDelete, { name: 'root' }))).toBe(refused)
      expect(await failure(root.call(auth.roleDelete, { role: 'root' }))).toBe(refused)
      expect(await failure(root.call(auth.userRevokeRole, { name: 'root', role: 'root' }))).toBe(
        refused,
      )
    })
  })

  test('disabling auth admits every client again; old tokens are ignored since 3.5', async () => {
    await withAuth(subject(), async ({ anonymous, root, ann }) => {
      const { auth } = root
      expect(await root.call(auth.authDisable, {})).toEqual({ header: header(1n) })
      expect(await anonymous.range({ key: 'x' })).toEqual({ header: header(1n) })
      const stale = ann.range({ key: 'x' }).catch((error: unknown) => String(error))
      expect(await stale).toEqual(
        since<unknown>(
          subject().series,
          '3.5',
          { header: header(1n) },
          'RawError: UNAUTHENTICATED etcdserver: invalid auth token',
        ),
      )
    })
  })
}
