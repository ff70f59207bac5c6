// The users and roles of an etcd, and whether it asks for them. It must not know requests, nor who calls.

import type { Permission } from '../../etcd/wire/gen/authpb_pb.js'
import type { Clock } from '../../base/clock.js'
import { refusals } from '../refusals.js'
import { coveredBy, type Interval, isEmpty, onlyKey } from '../store/interval.js'
import { PasswordHash } from './password.js'
import { type AccessKind, isGrantable, Role } from './role.js'
import { Tokens } from './tokens.js'

const root = 'root'

interface User {
  /** Undefined for one that has to come with a certificate. */
  password: PasswordHash | undefined
  readonly roles: Set<string>
}

export class Accounts {
  readonly #tokens: Tokens
  readonly #users = new Map<string, User>()
  readonly #roles = new Map<string, Role>()
  #enabled = false
  #revision = 1n

  constructor(clock: Clock, random: () => number) {
    this.#tokens = new Tokens(clock, random)
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
    this.#tokens.voidAll()
    this.#revision += 1n
  }

  /** Hands out a token. */
  authenticate(name: string, password: string): string {
    if (!this.#enabled) throw refusals.authNotEnabled()
    const user = this.#users.get(name)
    if (user === undefined) throw refusals.authFailed()
    if (user.password === undefined) throw refusals.noPasswordUser()
    if (!user.password.matches(password)) throw refusals.authFailed()
    return this.#tokens.issue(name)
  }

  /** The user whose token this is. */
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

  /** Whether the rights of all roles of a user, taken together, reach over the interval. */
  mayAccess(name: string, access: AccessKind, wanted: Interval): boolean {
    if (this.isAdmin(name)) return true
    const roles = [...(this.#users.get(name)?.roles ?? [])]
    const intervals = roles.flatMap((role) => this.#roles.get(role)?.intervals(access) ?? [])
    // Of an interval that holds nothing, the right to its first key is asked for.
    return coveredBy(intervals, isEmpty(wanted) ? onlyKey(wanted.first) : wanted)
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
    this.#tokens.voidAllOf(name)
    this.#revision += 1n
  }

  /** One that has no password keeps having none. */
  changePassword(name: string, password: string): void {
    const user = this.#user(name)
    if (user.password !== undefined) user.password = new PasswordHash(password)
    this.#tokens.voidAllOf(name)
    this.#revision += 1n
  }

  grantRole(name: string, role: string): void {
    const { roles } = this.#user(name)
    // The role of root may be granted before it is made.
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
