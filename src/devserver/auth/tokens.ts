// The tokens that stand for a user once it has shown its password, of the kind that etcd calls simple: random text,
// void when it was not used for five minutes. It must not know what a user may do.

import type { Clock } from '../../base/clock.js'

const unusedForMs = 300_000
const length = 16
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

interface Token {
  readonly user: string
  endsAtMs: number
}

export class Tokens {
  readonly #clock: Clock
  readonly #random: () => number
  /** In the order of their last use, so that those that have ended stand in front. */
  readonly #tokens = new Map<string, Token>()
  #issued = 0

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  issue(user: string): string {
    this.#forgetEnded()
    this.#issued += 1
    // The number keeps them apart however random the letters are.
    const text = `${this.#letters()}.${String(this.#issued)}`
    this.#tokens.set(text, { user, endsAtMs: this.#end() })
    return text
  }

  /** Whose it is; its time begins anew. Undefined when it is void. */
  use(text: string): string | undefined {
    this.#forgetEnded()
    const token = this.#tokens.get(text)
    if (token === undefined) return undefined
    token.endsAtMs = this.#end()
    this.#tokens.delete(text)
    this.#tokens.set(text, token)
    return token.user
  }

  voidAllOf(user: string): void {
    for (const [text, token] of this.#tokens) if (token.user === user) this.#tokens.delete(text)
  }

  voidAll(): void {
    this.#tokens.clear()
  }

  #forgetEnded(): void {
    const now = this.#clock.monotonicMs()
    for (const [text, { endsAtMs }] of this.#tokens) {
      if (endsAtMs > now) return
      this.#tokens.delete(text)
    }
  }

  #end(): number {
    return this.#clock.monotonicMs() + unusedForMs
  }

  #letters(): string {
    return Array.from({ length }, () =>
      letters.charAt(Math.floor(this.#random() * letters.length)),
    ).join('')
  }
}
