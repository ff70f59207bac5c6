// The leases of one cluster that are to be revoked when their process is gone, and an open connection to do it over.
// It must not know how it is learnt that the process is gone. It never renews anything.

import { readFileSync } from 'node:fs'
import type { GuardianAccess } from '../protocol.js'
import { type MemberAnswer, GuardianConnection } from './connection.js'
import { authenticateRequest, leaseRevokeRequest, paths, tokenOf } from './messages.js'

/** How long one connection may take before the next one is asked as well. */
const hedgeMs = 25
/** How long one connection is listened to in all. */
const askMs = 2_000
const firstPauseMs = 50
/** How often it is looked whether a process is gone. */
const lookEveryMs = 5
const longestPauseMs = 1_000
/** Leases that are revoked at the same time. */
const mostAtOnce = 500

const ok = 0
const notFound = 5
const tokenTrouble = /invalid auth token|user name is empty|revision of auth store is old/

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    // One that has ended stays in the list until somebody asks for it, in many containers for ever.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))
  } catch {
    // No /proc, or just gone: what is looked at again in a moment.
    return true
  }
}

interface Held {
  /** For how long it may live, in seconds. */
  readonly ttlS: number
  /** The process that has to be gone before it is revoked. */
  readonly after: number | undefined
}

export class GuardianCluster {
  readonly #connections: readonly GuardianConnection[]
  readonly #credentials: GuardianAccess['credentials']
  readonly #onConnected: () => void
  readonly #held = new Map<bigint, Held>()
  #token: string | undefined
  #signingIn: Promise<void> | undefined
  /** The connection that is kept connected, and asked first. */
  #first: number
  #failures = 0
  #closed = false

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

  set token(token: string | undefined) {
    this.#token = token
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#connections) connection.close()
  }

  /** Resolves when every lease is known to be gone, or has surely run out. */
  async revokeAll(): Promise<void> {
    const left = [...this.#held].values()
    const one = async (): Promise<void> => {
      for (const [lease, held] of left) await this.#revoke(lease, held)
    }
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, this.#held.size) }, one))
  }

  #keepConnected(): void {
    if (this.#closed) return
    this.#at(this.#first).open(
      () => {
        this.#failures = 0
        this.#onConnected()
      },
      () => {
        this.#first += 1
        this.#failures += 1
        const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
        setTimeout(() => {
          this.#keepConnected()
        }, pauseMs)
      },
    )
  }

  async #revoke(lease: bigint, { ttlS, after }: Held): Promise<void> {
    // After a change of etcd's leader a lease may live for another TTL, and no longer.
    const giveUpAt = performance.now() + ttlS * 2_000
    while (after !== undefined && isAlive(after) && performance.now() < giveUpAt) {
      await sleep(lookEveryMs)
    }
    for (let pauseMs = firstPauseMs; performance.now() < giveUpAt; pauseMs *= 2) {
      if (await this.#anyRevokes(lease)) return
      await sleep(Math.min(pauseMs, longestPauseMs))
    }
  }

  /** Asks one connection after the other without waiting long for any; true as soon as one says that the lease is gone. */
  #anyRevokes(lease: bigint): Promise<boolean> {
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
        void this.#revokedBy(connection, lease).then((gone) => {
          pending -= 1
          if (gone) {
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

  async #revokedBy(connection: GuardianConnection, lease: bigint): Promise<boolean> {
    const request = leaseRevokeRequest(lease)
    const ask = (): Promise<MemberAnswer> =>
      connection.ask(paths.leaseRevoke, request, this.#token, askMs)
    let answer = await ask()
    if (this.#credentials !== undefined && tokenTrouble.test(answer.message)) {
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
    const { code, body } = await connection.ask(paths.authenticate, request, undefined, askMs)
    if (code === ok) this.#token = tokenOf(body)
  }

  #at(index: number): GuardianConnection {
    const connection = this.#connections[index % this.#connections.length]
    if (connection === undefined) throw new Error('a cluster has at least one endpoint')
    return connection
  }
}
