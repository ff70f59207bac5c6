// Hashes a password and checks passwords against the hash.

import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { refusals } from '../refusals.js'

/** Weak on purpose: about 2 ms, so that it does not block the event loop of a test or devserver. */
const scryptCost = { N: 1024 } as const
const hashBytes = 32
/** The limit of bcrypt, which etcd uses. */
const maxPasswordBytes = 72

export class PasswordHash {
  readonly #salt = randomBytes(16)
  readonly #hash: Buffer

  constructor(password: string) {
    if (Buffer.byteLength(password) > maxPasswordBytes) throw refusals.passwordTooLong()
    this.#hash = scryptSync(password, this.#salt, hashBytes, scryptCost)
  }

  matches(password: string): boolean {
    return timingSafeEqual(this.#hash, scryptSync(password, this.#salt, hashBytes, scryptCost))
  }
}
