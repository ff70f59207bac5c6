// The model of users, roles and rights. What a client sees of it is in test/conformance/cases/{auth,rights}.ts.

import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { Accounts } from '../../../src/devserver/auth/accounts.js'
import { Rights } from '../../../src/devserver/auth/rights.js'
import { intervalOf } from '../../../src/devserver/store/interval.js'
import { Permission_Type as Right, PermissionSchema } from '../../../src/etcd/wire/gen/authpb_pb.js'
import { TestClock } from '../../../src/testing/test-clock.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const interval = (key: string, rangeEnd = '') =>
  intervalOf({ key: bytes(key), rangeEnd: bytes(rangeEnd) })
const permission = (permType: Right, key: string, rangeEnd = '') =>
  create(PermissionSchema, { permType, key: bytes(key), rangeEnd: bytes(rangeEnd) })

/** Root, and ann with the role app; auth is on. */
function guarded() {
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
    const { accounts } = guarded()
    const ann = accounts.authenticate('ann', 'a')
    const again = accounts.authenticate('ann', 'a')
    expect(again).not.toBe(ann)
    expect([ann, again].map((token) => accounts.userOf(token))).toEqual(['ann', 'ann'])
    expect(accounts.userOf(accounts.authenticate('root', 'r'))).toBe('root')
  })

  test('a token that is used stays valid, one that is not used for five minutes is void', async () => {
    const { accounts, clock } = guarded()
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

  test('switching auth off and on again voids all tokens', () => {
    const { accounts } = guarded()
    const token = accounts.authenticate('root', 'r')
    accounts.disable()
    accounts.enable()
    expect(() => accounts.userOf(token)).toThrow('etcdserver: invalid auth token')
  })

  test('a new password voids the tokens of that user only', () => {
    const { accounts } = guarded()
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
  test('the rights of all roles reach as far as their intervals laid side by side', () => {
    const { accounts } = guarded()
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

  test('an interval that ends before it begins asks for its first key', () => {
    const { accounts } = guarded()
    accounts.grantPermission('app', permission(Right.READ, 'a', 'c'))
    expect(accounts.mayAccess('ann', 'read', interval('b', 'a'))).toBe(true)
    expect(accounts.mayAccess('ann', 'read', interval('c', 'a'))).toBe(false)
  })

  test('of several rights that begin with one key, etcd replaces only the first', () => {
    const { accounts } = guarded()
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

  test('whoever has the role of root may do everything', () => {
    const { accounts } = guarded()
    expect(accounts.mayAccess('ann', 'write', interval('\0', '\0'))).toBe(false)
    accounts.grantRole('ann', 'root')
    expect(accounts.mayAccess('ann', 'write', interval('\0', '\0'))).toBe(true)
  })

  test('without a token nothing is allowed that needs a user; while auth is off everything is', () => {
    const { accounts } = guarded()
    const nobody = new Rights(accounts, {})
    const questions = [
      () => {
        nobody.requireUser()
      },
      () => {
        nobody.requireAdmin()
      },
      () => {
        nobody.requireAccess('read', interval('a'))
      },
      () => {
        nobody.requireSelf('ann')
      },
      () => {
        nobody.requireRole('app')
      },
    ]
    for (const question of questions) expect(question).toThrow('etcdserver: user name is empty')
    accounts.disable()
    for (const question of questions) expect(question).not.toThrow()
  })

  test('a token is taken under either of its two names, and refused when it is none', () => {
    const { accounts } = guarded()
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

  test('a password longer than etcd takes is refused', () => {
    const { accounts } = guarded()
    expect(() => {
      accounts.addUser('bob', 'x'.repeat(73))
    }).toThrow('bcrypt: password length exceeds 72 bytes')
    accounts.addUser('bob', 'x'.repeat(72))
    expect(accounts.userOf(accounts.authenticate('bob', 'x'.repeat(72)))).toBe('bob')
  })

  test('a user without a password keeps having none', () => {
    const { accounts } = guarded()
    accounts.addUser('certified', undefined)
    accounts.changePassword('certified', 'a')
    expect(() => accounts.authenticate('certified', 'a')).toThrow('no password user')
  })
})
