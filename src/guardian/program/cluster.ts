// The leases of one cluster that a guardian revokes when their process is gone, and an open
// connection to revoke them over. It must never renew a lease: a guardian cannot keep one alive.

import { readFileSync } from 'node:fs'
import type { GuardianAccess } from '../protocol.js'
import { type MemberAnswer, GuardianConnection } from './connection.js'
import { authenticateRequest, leaseRevokeRequest, paths, signInTokenOf } from './messages.js'

/** How long the guardian waits for one member before it asks the next one as well. */
const hedgeMs = 25
/** How long one member may take to answer. */
const answerTimeoutMs = 2_000
const firstPauseMs = 50
const maxPauseMs = 1_000
/** How often the guardian checks whether a process is gone. */
const checkIntervalMs = 5
/** How many leases are revoked at the same time. */
const maxConcurrentRevokes = 500

const ok = 0
const notFound = 5
const signInTokenRefusal = /invalid auth token|user name is empty|revision of auth store is old/

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    // A process that has ended stays listed until its parent reaps it: in many containers for ever.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))
  } catch {
    // There is no /proc, or the process has just ended. The next check comes soon.
    return true
  }
}

interface HeldLease {
  /** How long the lease may live, in seconds. */
  readonly ttlS: number
  /** The process that must be gone before the lease is revoked. */
  readonly after: number | undefined
}

export class GuardianCluster {
  readonly #connections: readonly GuardianConnection[]
  readonly #credentials: GuardianAccess['credentials']
  readonly #onConnected: () => void
  readonly #held = new Map<bigint, HeldLease>()
  #signInToken: string | undefined
  #signingIn: Promise<void> | undefined
  /** The index of the connection that is kept open, and asked first. */
  #first: number
  #failures = 0
  #isClosed = false

  constructor({ endpoints, tls, credentials }: GuardianAccess, onConnected: () => void) {
    this.#connections = endpoints.map((endpoint) => new GuardianConnection(endpoint, tls))
    this.#credentials = credentials
    this.#onConnected = onConnected
    this.#first = Math.floor(Math.random() * endpoints.length)
    this.#keepConnected()
  }

  hold(lease: bigint, ttlS: number, after?: number): void {
    this.#held.set(lease, { ttlS, after })
  }

  release(lease: bigint): void {
    this.#held.delete(lease)
  }

  set token(signInToken: string | undefined) {
    this.#signInToken = signInToken
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections) connection.close()
  }

  /** Resolves when every lease is known to be gone, or has surely run out. */
  async revokeAll(): Promise<void> {
    const queue = [...this.#held].values()
    const revokeInTurn = async (): Promise<void> => {
      for (const [lease, held] of queue) await this.#revoke(lease, held)
    }
    const length = Math.min(maxConcurrentRevokes, this.#held.size)
    await Promise.all(Array.from({ length }, revokeInTurn))
  }

  #keepConnected(): void {
    if (this.#isClosed) return
    this.#at(this.#first).open(
      () => {
        this.#failures = 0
        this.#onConnected()
      },
      () => {
        this.#first += 1
        this.#failures += 1
        const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
        setTimeout(() => {
          this.#keepConnected()
        }, pauseMs)
      },
    )
  }

  async #revoke(lease: bigint, { ttlS, after }: HeldLease): Promise<void> {
    // After a change of etcd's leader a lease may live for another TTL, and no longer.
    const giveUpAt = performance.now() + ttlS * 2_000
    while (after !== undefined && isAlive(after) && performance.now() < giveUpAt) {
      await sleep(checkIntervalMs)
    }
    for (let pauseMs = firstPauseMs; performance.now() < giveUpAt; pauseMs *= 2) {
      if (await this.#revokeOverAny(lease)) return
      await sleep(Math.min(pauseMs, maxPauseMs))
    }
  }

  /**
   * Asks one member after the other, without waiting long for any. Resolves with true as soon as
   * one of them says that the lease is gone.
   */
  #revokeOverAny(lease: bigint): Promise<boolean> {
    return new Promise((resolve) => {
      let pending = 0
      let asked = 0
      let timer: NodeJS.Timeout | undefined
      const askNext = (): void => {
        clearTimeout(timer)
        if (asked === this.#connections.length) return
        const connection = this.#at(this.#first + asked)
        asked += 1
        pending += 1
        timer = setTimeout(askNext, hedgeMs)
        void this.#revokeOver(connection, lease).then((isGone) => {
          pending -= 1
          if (isGone) {
            clearTimeout(timer)
            resolve(true)
          } else {
            askNext()
            if (pending === 0) resolve(false)
          }
        })
      }
      askNext()
    })
  }

  async #revokeOver(connection: GuardianConnection, lease: bigint): Promise<boolean> {
    const request = leaseRevokeRequest(lease)
    const ask = (): Promise<MemberAnswer> =>
      connection.send(paths.leaseRevoke, request, this.#signInToken, answerTimeoutMs)
    let answer = await ask()
    if (this.#credentials !== undefined && signInTokenRefusal.test(answer.message)) {
      await (this.#signingIn ??= this.#signIn(connection, this.#credentials))
      this.#signingIn = undefined
      answer = await ask()
    }
    return answer.code === ok || answer.code === notFound
  }

  async #signIn(
    connection: GuardianConnection,
    { user, password }: NonNullable<GuardianAccess['credentials']>,
  ): Promise<void> {
    const request = authenticateRequest(user, password)
    const { code, body } = await connection.send(
      paths.authenticate,
      request,
      undefined,
      answerTimeoutMs,
    )
    if (code === ok) this.#signInToken = signInTokenOf(body)
  }

  #at(index: number): GuardianConnection {
    const connection = this.#connections[index % this.#connections.length]
    if (connection === undefined) throw new Error('a cluster has at least one endpoint')
    return connection
  }
}
