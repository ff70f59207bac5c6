// Keeps the users and roles of one etcd, and whether auth is enabled.

import type { Permission } from '../../etcd/wire/gen/authpb_pb.js'
import type { Clock } from '../../base/clock.js'
import { refusals } from '../refusals.js'
import { unionContains, type Interval, isEmpty, onlyKey } from '../store/interval.js'
import { PasswordHash } from './password.js'
import { type AccessKind, isGrantable, Role } from './role.js'
import { SignInTokens } from './sign-in-tokens.js'

const root = 'root'

interface User {
  /** Undefined for a user without a password, who signs in with a certificate. */
  password: PasswordHash | undefined
  readonly roles: Set<string>
}

export class Accounts {
  readonly #tokens: SignInTokens
  readonly #users = new Map<string, User>()
  readonly #roles = new Map<string, Role>()
  #enabled = false
  #revision = 1n

  constructor(clock: Clock, random: () => number) {
    this.#tokens = new SignInTokens(clock, random)
  }

  get enabled(): boolean {
    return this.#enabled
  }

  /** Grows by one with each change of users and roles. */
  get revision(): bigint {
    return this.#revision
  }

  enable(): void {
    if (this.#enabled) return
    const user = this.#users.get(root)
    if (user === undefined) throw refusals.rootUserMissing()
    if (!user.roles.has(root)) throw refusals.rootRoleMissing()
    this.#enabled = true
  }

  disable(): void {
    if (!this.#enabled) return
    this.#enabled = false
    this.#tokens.revokeAll()
    this.#revision += 1n
  }

  /** Checks the password and issues a sign-in token. */
  authenticate(name: string, password: string): string {
    if (!this.#enabled) throw refusals.authNotEnabled()
    const user = this.#users.get(name)
    if (user === undefined) throw refusals.authFailed()
    if (user.password === undefined) throw refusals.noPasswordUser()
    if (!user.password.matches(password)) throw refusals.authFailed()
    return this.#tokens.issue(name)
  }

  /**
   * The user that holds the sign-in token.
   *
   * @throws RpcError when the token is invalid or has expired.
   */
  userOf(token: string): string {
    const user = this.#tokens.use(token)
    if (user === undefined) throw refusals.invalidToken()
    return user
  }

  get userNames(): string[] {
    return [...this.#users.keys()].sort()
  }

  get roleNames(): string[] {
    return [...this.#roles.keys()].sort()
  }

  rolesOf(name: string): string[] {
    return [...this.#user(name).roles].sort()
  }

  permissionsOf(role: string): readonly Permission[] {
    return this.#role(role).permissions
  }

  isAdmin(name: string): boolean {
    return this.hasRole(name, root)
  }

  hasRole(name: string, role: string): boolean {
    return this.#users.get(name)?.roles.has(role) === true
  }

  /** Whether the user's roles together grant access to the whole interval. */
  mayAccess(name: string, access: AccessKind, wanted: Interval): boolean {
    if (this.isAdmin(name)) return true
    const roles = [...(this.#users.get(name)?.roles ?? [])]
    const intervals = roles.flatMap((role) => this.#roles.get(role)?.intervals(access) ?? [])
    // For an empty interval, etcd checks the right to its first key.
    return unionContains(intervals, isEmpty(wanted) ? onlyKey(wanted.first) : wanted)
  }

  addUser(name: string, password: string | undefined): void {
    if (name === '') throw refusals.userEmpty()
    if (this.#users.has(name)) throw refusals.userExists()
    this.#users.set(name, {
      password: password === undefined ? undefined : new PasswordHash(password),
      roles: new Set(),
    })
    this.#revision += 1n
  }

  deleteUser(name: string): void {
    if (this.#enabled && name === root) throw refusals.invalidAuthManagement()
    this.#user(name)
    this.#users.delete(name)
    this.#tokens.revokeAllOf(name)
    this.#revision += 1n
  }

  /** Does not give a password to a user that was added without one. */
  changePassword(name: string, password: string): void {
    const user = this.#user(name)
    if (user.password !== undefined) user.password = new PasswordHash(password)
    this.#tokens.revokeAllOf(name)
    this.#revision += 1n
  }

  grantRole(name: string, role: string): void {
    const { roles } = this.#user(name)
    // The role `root` can be granted before it exists.
    if (role !== root) this.#role(role)
    if (roles.has(role)) return
    roles.add(role)
    this.#revision += 1n
  }

  revokeRole(name: string, role: string): void {
    if (this.#enabled && name === root && role === root) throw refusals.invalidAuthManagement()
    if (!this.#user(name).roles.delete(role)) throw refusals.roleNotGranted()
    this.#revision += 1n
  }

  addRole(name: string): void {
    if (name === '') throw refusals.roleEmpty()
    if (this.#roles.has(name)) throw refusals.roleExists()
    this.#roles.set(name, new Role())
    this.#revision += 1n
  }

  deleteRole(name: string): void {
    if (this.#enabled && name === root) throw refusals.invalidAuthManagement()
    this.#role(name)
    this.#roles.delete(name)
    for (const { roles } of this.#users.values()) roles.delete(name)
    this.#revision += 1n
  }

  grantPermission(role: string, permission: Permission | undefined): void {
    if (permission === undefined) throw refusals.permissionNotGiven()
    if (!isGrantable(permission)) throw refusals.invalidAuthManagement()
    this.#role(role).grant(permission)
    this.#revision += 1n
  }

  revokePermission(role: string, interval: Pick<Permission, 'key' | 'rangeEnd'>): void {
    if (!this.#role(role).revoke(interval)) throw refusals.permissionNotGranted()
    this.#revision += 1n
  }

  #user(name: string): User {
    const user = this.#users.get(name)
    if (user === undefined) throw refusals.userNotFound()
    return user
  }

  #role(name: string): Role {
    const role = this.#roles.get(name)
    if (role === undefined) throw refusals.roleNotFound()
    return role
  }
}
