// What one caller may do: the user that its token stands for, checked against the accounts. Every question is answered by
// nothing, or by throwing the refusal. It must not know requests.

import type { Metadata } from '../../etcd/wire/transport.js'
import { refusals } from '../refusals.js'
import type { Interval } from '../store/interval.js'
import type { Accounts } from './accounts.js'
import type { AccessKind } from './role.js'

export class Rights {
  readonly #accounts: Accounts
  /** Undefined when no token came. */
  readonly #user: string | undefined

  /**
   * @throws RpcError when there is a token and it is void.
   */
  constructor(accounts: Accounts, metadata: Metadata) {
    this.#accounts = accounts
    const token = metadata['token'] ?? metadata['authorization']
    this.#user = accounts.enabled && token !== undefined ? accounts.userOf(token) : undefined
  }

  /** Anybody who has signed in. */
  needUser(): void {
    if (this.#accounts.enabled) this.#name()
  }

  needAdmin(): void {
    if (this.#accounts.enabled && !this.#accounts.isAdmin(this.#name())) {
      throw refusals.permissionDenied()
    }
  }

  needAccess(access: AccessKind, wanted: Interval): void {
    if (this.#accounts.enabled && !this.#accounts.mayAccess(this.#name(), access, wanted)) {
      throw refusals.permissionDenied()
    }
  }

  /** To look at a user: oneself, or an administrator. */
  needSelf(user: string): void {
    if (this.#user !== user) this.needAdmin()
  }

  /** To look at a role: one of one's own, or an administrator. */
  needRole(role: string): void {
    if (this.#user === undefined || !this.#accounts.hasRole(this.#user, role)) this.needAdmin()
  }

  #name(): string {
    if (this.#user === undefined) throw refusals.userEmpty()
    return this.#user
  }
}
