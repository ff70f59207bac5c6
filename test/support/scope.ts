// Makes the clients, sessions, candidates and observers of one test, and closes them when it ends.

import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import {
  Candidate,
  type CandidateOptions,
  Etcd,
  type EtcdOptions,
  Observer,
  Session,
  type SessionOptions,
} from '../../src/index.js'

/** Returns a name that no other test uses, so that tests may share an etcd. */
export function uniqueElection(): string {
  return `election-${randomUUID()}`
}

/** In seconds; no host stalls for so long. A test about renewal or expiry sets its own. */
const defaultTtl = 60

export interface Scope {
  /** The client that the functions below use by default. */
  readonly etcd: Etcd
  readonly election: string
  readonly client: (options?: Partial<EtcdOptions>) => Etcd
  readonly session: (options?: Partial<SessionOptions>, etcd?: Etcd) => Session
  readonly candidate: (
    name: string,
    options?: Partial<CandidateOptions> & { on?: Etcd | Session },
  ) => Candidate
  readonly observer: (etcd?: Etcd) => Observer
}

export function scope(endpoints: string | readonly string[]): Scope {
  const undo: (() => Promise<void>)[] = []
  const clients: Etcd[] = []
  onTestFinished(async () => {
    const closed = Promise.allSettled(undo.map((close) => close()))
    // A session whose server is gone cannot close; it ends with its client.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))])
    await Promise.all(clients.map((etcd) => etcd.close()))
    await closed
  })
  const election = uniqueElection()
  const client = (options: Partial<EtcdOptions> = {}): Etcd => {
    const made = new Etcd({ endpoints, ...options })
    clients.push(made)
    return made
  }
  const etcd = client()
  return {
    etcd,
    election,
    client,
    session(options = {}, on = etcd) {
      const session = new Session(on, { ttl: defaultTtl, ...options })
      undo.push(() => session.close())
      return session
    },
    candidate(name, { on = etcd, ...options } = {}) {
      const ttl = on instanceof Session ? {} : { ttl: defaultTtl }
      const candidate = new Candidate(on, { election, name, ...ttl, ...options })
      undo.push(() => candidate.close())
      return candidate
    },
    observer(on = etcd) {
      const observer = new Observer(on, { election })
      undo.push(() => observer.stop())
      return observer
    },
  }
}

/** Resolves when the observer shows this leader; reads its changes instead of polling. */
export async function seen(observer: Observer, name: string | undefined): Promise<void> {
  for await (const leader of observer) if (leader?.name === name) return
  throw new Error(`the observer stopped before it saw ${name ?? 'nobody'} lead`)
}

/** Whether the promise is still pending after one turn of the event loop. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const turn = new Promise((resolve) => setImmediate(resolve, pending))
  return (await Promise.race([promise, turn]).catch(() => 'rejected')) === pending
}
