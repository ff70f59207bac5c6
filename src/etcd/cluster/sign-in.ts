// Signs the client in to etcd, and holds the metadata that every call and stream carries.

import { create } from '@bufbuild/protobuf'
import { waitOrAbort } from '../../base/wait.js'
import type { Member } from './members.js'
import { Auth, AuthenticateRequestSchema } from '../wire/gen/auth_pb.js'
import { type Metadata, RpcError } from '../wire/transport.js'

/**
 * Has a member without a leader fail calls and streams at once, instead of keeping them waiting.
 */
const requireLeader = Object.freeze({ hasleader: 'true' })

export interface Credentials {
  readonly user: string
  readonly password: string
}

export class SignIn {
  readonly #credentials: Credentials | undefined
  #metadata: Metadata | undefined
  #pending: Promise<Metadata> | undefined
  readonly #listeners = new Set<() => void>()

  constructor(credentials: Credentials | undefined) {
    this.#credentials = credentials
    if (credentials === undefined) this.#metadata = requireLeader
  }

  /** Whether there is a user to sign in as. Without one, signing in again cannot help. */
  get hasCredentials(): boolean {
    return this.#credentials !== undefined
  }

  /** The metadata to send; undefined when the client has to sign in first. */
  get metadata(): Metadata | undefined {
    return this.#metadata
  }

  /** Calls the listener after each sign-in; returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /**
   * Has the next call sign in again, because the token is void or authentication was switched on.
   *
   * @param refused the metadata that etcd refused; a late refusal of earlier metadata is ignored
   */
  forget(refused = this.#metadata): void {
    if (this.hasCredentials && refused === this.#metadata) this.#metadata = undefined
  }

  /** Signs in. All callers that wait at the same time share one request. */
  authenticate(member: Member, timeoutMs: number, signal?: AbortSignal): Promise<Metadata> {
    this.#pending ??= this.#requestToken(member, timeoutMs).finally(() => {
      this.#pending = undefined
    })
    return waitOrAbort(this.#pending, signal)
  }

  async #requestToken(member: Member, timeoutMs: number): Promise<Metadata> {
    const { user: name, password } = this.#credentials ?? { user: '', password: '' }
    const request = create(AuthenticateRequestSchema, { name, password })
    try {
      const { token } = await member.unary(Auth.method.authenticate, request, {
        metadata: requireLeader,
        timeoutMs: Math.max(1, timeoutMs),
      })
      this.#metadata = Object.freeze({ ...requireLeader, token })
    } catch (error) {
      // Without authentication etcd serves every client, as with etcdctl. Once it is switched on, a
      // call fails and signs in.
      if (!(error instanceof RpcError && /authentication is not enabled/.test(error.message)))
        throw error
      this.#metadata = requireLeader
    }
    for (const listener of this.#listeners) listener()
    return this.#metadata
  }
}
