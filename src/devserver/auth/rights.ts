// Checks what one caller may do, by the user that its sign-in token stands for. Each check returns
// nothing, or throws the refusal.

import type { Metadata } from '../../etcd/wire/transport.js'
import { refusals } from '../refusals.js'
import type { Interval } from '../store/interval.js'
import type { Accounts } from './accounts.js'
import type { AccessKind } from './role.js'

export class Rights {
  readonly #accounts: Accounts
  /** Undefined when the caller sent no token, and while auth is disabled. */
  readonly #user: string | undefined

  /**
   * @throws RpcError when the caller sent a token that is invalid or has expired.
   */
  constructor(accounts: Accounts, metadata: Metadata) {
    this.#accounts = accounts
    const token = metadata['token'] ?? metadata['authorization']
    this.#user = accounts.enabled && token !== undefined ? accounts.userOf(token) : undefined
  }

  /** Requires a caller that has signed in. */
  requireUser(): void {
    if (this.#accounts.enabled) this.#userName()
  }

  requireAdmin(): void {
    if (this.#accounts.enabled && !this.#accounts.isAdmin(this.#userName())) {
      throw refusals.permissionDenied()
    }
  }

  requireAccess(access: AccessKind, wanted: Interval): void {
    if (this.#accounts.enabled && !this.#accounts.mayAccess(this.#userName(), access, wanted)) {
      throw refusals.permissionDenied()
    }
  }

  /** Requires that user itself, or an administrator. */
  requireSelf(user: string): void {
    if (this.#user !== user) this.requireAdmin()
  }

  /** Requires a user that has the role, or an administrator. */
  requireRole(role: string): void {
    if (this.#user === undefined || !this.#accounts.hasRole(this.#user, role)) this.requireAdmin()
  }

  #userName(): string {
    if (this.#user === undefined) throw refusals.userEmpty()
    return this.#user
  }
}
