// Who we are to etcd: the metadata that goes with every call and stream, and the token in it.
// It must not know what the calls are for.

import { create } from '@bufbuild/protobuf'
import { waitOrAbort } from '../../base/wait.js'
import type { Member } from './members.js'
import { Auth, AuthenticateRequestSchema } from '../wire/gen/auth_pb.js'
import { type Metadata, RpcError } from '../wire/transport.js'

/** Asks a member that has no leader to say so at once instead of keeping the call or the stream waiting. */
const requireLeader = Object.freeze({ hasleader: 'true' })

export interface Credentials {
  readonly user: string
  readonly password: string
}

export class SignIn {
  readonly #credentials: Credentials | undefined
  #metadata: Metadata | undefined
  #underWay: Promise<Metadata> | undefined
  readonly #listeners = new Set<() => void>()

  constructor(credentials: Credentials | undefined) {
    this.#credentials = credentials
    if (credentials === undefined) this.#metadata = requireLeader
  }

  /** Whether signing in again can help: there is a user to sign in as. */
  get possible(): boolean {
    return this.#credentials !== undefined
  }

  /** What to send, or undefined when we have to sign in first. */
  get metadata(): Metadata | undefined {
    return this.#metadata
  }

  /** Calls back when one has signed in anew; returns what calls it off. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /**
   * The token is void, or authentication was switched on meanwhile: the next call signs in again. A refusal of an earlier
   * token, which comes late, says nothing about the present one.
   */
  forget(refused = this.#metadata): void {
    if (this.possible && refused === this.#metadata) this.#metadata = undefined
  }

  /** Signs in; however many ask at once, one request is sent. */
  first(member: Member, timeoutMs: number, signal?: AbortSignal): Promise<Metadata> {
    this.#underWay ??= this.#authenticate(member, timeoutMs).finally(() => {
      this.#underWay = undefined
    })
    return waitOrAbort(this.#underWay, signal)
  }

  async #authenticate(member: Member, timeoutMs: number): Promise<Metadata> {
    const { user: name, password } = this.#credentials ?? { user: '', password: '' }
    const request = create(AuthenticateRequestSchema, { name, password })
    try {
      const { token } = await member.unary(Auth.method.authenticate, request, {
        metadata: requireLeader,
        timeoutMs: Math.max(1, timeoutMs),
      })
      this.#metadata = Object.freeze({ ...requireLeader, token })
    } catch (error) {
      // A cluster that asks for no password takes everybody, as with etcdctl; once it does ask, calls fail and we
      // sign in then.
      if (!(error instanceof RpcError && /authentication is not enabled/.test(error.message)))
        throw error
      this.#metadata = requireLeader
    }
    for (const listener of this.#listeners) listener()
    return this.#metadata
  }
}
