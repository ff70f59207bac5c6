// What is kept of a password. It must not know whose it is.

import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { refusals } from '../refusals.js'

/** Enough for a server of development and tests, where it must not hold up the event loop: about 2 ms. */
const cost = { N: 1024 } as const
const hashBytes = 32
/** etcd hashes with bcrypt, which takes no more. */
const mostPasswordBytes = 72

export class PasswordHash {
  readonly #salt = randomBytes(16)
  readonly #hash: Buffer

  constructor(password: string) {
    if (Buffer.byteLength(password) > mostPasswordBytes) throw refusals.passwordTooLong()
    this.#hash = scryptSync(password, this.#salt, hashBytes, cost)
  }

  matches(password: string): boolean {
    return timingSafeEqual(this.#hash, scryptSync(password, this.#salt, hashBytes, cost))
  }
}
