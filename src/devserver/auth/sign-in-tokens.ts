// Issues and checks sign-in tokens of the kind that etcd calls "simple": random text that expires
// after five minutes without use.

import type { Clock } from '../../base/clock.js'

const idleTimeoutMs = 300_000
const tokenLength = 16
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

interface SignInToken {
  readonly user: string
  expiresAtMs: number
}

export class SignInTokens {
  readonly #clock: Clock
  readonly #random: () => number
  /** In the order of their last use, so that the expired ones come first. */
  readonly #tokens = new Map<string, SignInToken>()
  #issued = 0

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  issue(user: string): string {
    this.#deleteExpired()
    this.#issued += 1
    // The number makes tokens unique even if the letters repeat.
    const text = `${this.#randomLetters()}.${String(this.#issued)}`
    this.#tokens.set(text, { user, expiresAtMs: this.#newExpiryMs() })
    return text
  }

  /** Returns the token's user and restarts its timeout; undefined when it is invalid or expired. */
  use(text: string): string | undefined {
    this.#deleteExpired()
    const token = this.#tokens.get(text)
    if (token === undefined) return undefined
    token.expiresAtMs = this.#newExpiryMs()
    this.#tokens.delete(text)
    this.#tokens.set(text, token)
    return token.user
  }

  revokeAllOf(user: string): void {
    for (const [text, token] of this.#tokens) if (token.user === user) this.#tokens.delete(text)
  }

  revokeAll(): void {
    this.#tokens.clear()
  }

  #deleteExpired(): void {
    const now = this.#clock.monotonicMs()
    for (const [text, { expiresAtMs }] of this.#tokens) {
      if (expiresAtMs > now) return
      this.#tokens.delete(text)
    }
  }

  #newExpiryMs(): number {
    return this.#clock.monotonicMs() + idleTimeoutMs
  }

  #randomLetters(): string {
    return Array.from({ length: tokenLength }, () =>
      letters.charAt(Math.floor(this.#random() * letters.length)),
    ).join('')
  }
}
