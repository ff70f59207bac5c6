// The model of users, roles and permissions. test/devserver/conformance/cases/{auth,rights}.ts test
// it through a client.

import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { Accounts } from '../../../../src/devserver/auth/accounts.js'
import { Rights } from '../../../../src/devserver/auth/rights.js'
import { intervalOf } from '../../../../src/devserver/store/interval.js'
import {
  Permission_Type as Right,
  PermissionSchema,
} from '../../../../src/etcd/wire/gen/authpb_pb.js'
import { TestClock } from '../../../../src/testing/test-clock.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const interval = (key: string, rangeEnd = '') =>
  intervalOf({ key: bytes(key), rangeEnd: bytes(rangeEnd) })
const permission = (permType: Right, key: string, rangeEnd = '') =>
  create(PermissionSchema, { permType, key: bytes(key), rangeEnd: bytes(rangeEnd) })

/** Has the user root, and ann with the role app; auth is enabled. */
function setUp() {
  const clock = new TestClock()
  const accounts = new Accounts(clock, Math.random)
  accounts.addUser('root', 'r')
  accounts.addRole('root')
  accounts.grantRole('root', 'root')
  accounts.addUser('ann', 'a')
  accounts.addRole('app')
  accounts.grantRole('ann', 'app')
  accounts.enable()
  return { clock, accounts }
}

describe('tokens', () => {
  test('a token stands for its user, and no two are the same', () => {
    const { accounts } = setUp()
    const ann = accounts.authenticate('ann', 'a')
    const again = accounts.authenticate('ann', 'a')
    expect(again).not.toBe(ann)
    expect([ann, again].map((token) => accounts.userOf(token))).toEqual(['ann', 'ann'])
    expect(accounts.userOf(accounts.authenticate('root', 'r'))).toBe('root')
  })

  test('a token stays valid while it is used, and expires after five minutes without use', async () => {
    const { accounts, clock } = setUp()
    const used = accounts.authenticate('ann', 'a')
    const idle = accounts.authenticate('ann', 'a')
    await clock.advance(200_000)
    expect(accounts.userOf(used)).toBe('ann')
    await clock.advance(100_000)
    expect(() => accounts.userOf(idle)).toThrow('etcdserver: invalid auth token')
    expect(accounts.userOf(used)).toBe('ann')
    await clock.advance(300_000)
    expect(() => accounts.userOf(used)).toThrow('etcdserver: invalid auth token')
  })

  test('disabling and enabling auth invalidates all tokens', () => {
    const { accounts } = setUp()
    const token = accounts.authenticate('root', 'r')
    accounts.disable()
    accounts.enable()
    expect(() => accounts.userOf(token)).toThrow('etcdserver: invalid auth token')
  })

  test('a new password invalidates the tokens of that user only', () => {
    const { accounts } = setUp()
    const ann = accounts.authenticate('ann', 'a')
    const root = accounts.authenticate('root', 'r')
    accounts.changePassword('ann', 'b')
    expect(() => accounts.userOf(ann)).toThrow('etcdserver: invalid auth token')
    expect(accounts.userOf(root)).toBe('root')
    expect(() => accounts.authenticate('ann', 'a')).toThrow('authentication failed')
    expect(accounts.userOf(accounts.authenticate('ann', 'b'))).toBe('ann')
  })
})

describe('rights', () => {
  test('adjacent intervals of several roles count as one', () => {
    const { accounts } = setUp()
    accounts.addRole('more')
    accounts.grantPermission('app', permission(Right.READ, 'a', 'c'))
    accounts.grantPermission('more', permission(Right.READWRITE, 'c', 'e'))
    const mayRead = (first: string, end?: string) =>
      accounts.mayAccess('ann', 'read', interval(first, end))
    expect(mayRead('b', 'd')).toBe(false)
    accounts.grantRole('ann', 'more')
    expect(mayRead('b', 'd')).toBe(true)
    expect(mayRead('a', 'e')).toBe(true)
    expect(mayRead('a', 'f')).toBe(false)
    expect(mayRead('a', '\0')).toBe(false)
    expect(accounts.mayAccess('ann', 'write', interval('b', 'd'))).toBe(false)
    expect(accounts.mayAccess('ann', 'write', interval('c', 'd'))).toBe(true)
  })

  test('an interval that ends before it begins needs the right to its first key', () => {
    const { accounts } = setUp()
    accounts.grantPermission('app', permission(Right.READ, 'a', 'c'))
    expect(accounts.mayAccess('ann', 'read', interval('b', 'a'))).toBe(true)
    expect(accounts.mayAccess('ann', 'read', interval('c', 'a'))).toBe(false)
  })

  test('of several permissions with the same first key, etcd replaces only the first', () => {
    const { accounts } = setUp()
    accounts.grantPermission('app', permission(Right.READ, 'a', 'b'))
    accounts.grantPermission('app', permission(Right.READ, 'a', 'c'))
    accounts.grantPermission('app', permission(Right.WRITE, 'a', 'b'))
    accounts.grantPermission('app', permission(Right.WRITE, 'a', 'c'))
    expect(accounts.permissionsOf('app').map(({ permType }) => permType)).toEqual([
      Right.WRITE,
      Right.READ,
      Right.WRITE,
    ])
    accounts.revokePermission('app', { key: bytes('a'), rangeEnd: bytes('c') })
    expect(accounts.permissionsOf('app')).toEqual([permission(Right.WRITE, 'a', 'b')])
  })

  test('a user with the role root may do everything', () => {
    const { accounts } = setUp()
    expect(accounts.mayAccess('ann', 'write', interval('\0', '\0'))).toBe(false)
    accounts.grantRole('ann', 'root')
    expect(accounts.mayAccess('ann', 'write', interval('\0', '\0'))).toBe(true)
  })

  test('without a token every check fails; while auth is disabled every check passes', () => {
    const { accounts } = setUp()
    const anonymous = new Rights(accounts, {})
    const checks = [
      () => {
        anonymous.requireUser()
      },
      () => {
        anonymous.requireAdmin()
      },
      () => {
        anonymous.requireAccess('read', interval('a'))
      },
      () => {
        anonymous.requireSelf('ann')
      },
      () => {
        anonymous.requireRole('app')
      },
    ]
    for (const check of checks) expect(check).toThrow('etcdserver: user name is empty')
    accounts.disable()
    for (const check of checks) expect(check).not.toThrow()
  })

  test('a token is accepted under either of its two names, and refused when it is invalid', () => {
    const { accounts } = setUp()
    const authorization = accounts.authenticate('root', 'r')
    expect(() => {
      new Rights(accounts, { authorization }).requireAdmin()
    }).not.toThrow()
    expect(() => new Rights(accounts, { token: '' })).toThrow('etcdserver: invalid auth token')
  })
})

describe('changes', () => {
  test('the revision counts changes, and only those (read off etcd 3.6)', () => {
    const accounts = new Accounts(new TestClock(), Math.random)
    const revisions: bigint[] = []
    const change = (work: () => void) => {
      work()
      revisions.push(accounts.revision)
    }
    change(() => {
      accounts.addUser('root', 'r')
    })
    change(() => {
      accounts.grantRole('root', 'root')
    })
    change(() => {
      accounts.addRole('root')
    })
    change(() => {
      accounts.grantRole('root', 'root')
    })
    change(() => {
      accounts.enable()
    })
    change(() => {
      accounts.grantPermission('root', permission(Right.READ, 'a'))
    })
    change(() => {
      accounts.grantPermission('root', permission(Right.READ, 'a'))
    })
    change(() => {
      accounts.disable()
    })
    change(() => {
      accounts.disable()
    })
    expect(revisions).toEqual([2n, 3n, 4n, 4n, 4n, 5n, 6n, 7n, 7n])
  })

  test('a password longer than etcd accepts is refused', () => {
    const { accounts } = setUp()
    expect(() => {
      accounts.addUser('bob', 'x'.repeat(73))
    }).toThrow('bcrypt: password length exceeds 72 bytes')
    accounts.addUser('bob', 'x'.repeat(72))
    expect(accounts.userOf(accounts.authenticate('bob', 'x'.repeat(72)))).toBe('bob')
  })

  test('a user that was added without a password cannot get one', () => {
    const { accounts } = setUp()
    accounts.addUser('certified', undefined)
    accounts.changePassword('certified', 'a')
    expect(() => accounts.authenticate('certified', 'a')).toThrow('no password user')
  })
})
