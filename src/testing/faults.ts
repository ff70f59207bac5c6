// What a test has asked to go wrong, and when it is used up. It must not know how messages travel.

import { RpcError, Status } from '../etcd/wire/transport.js'

export const methods = [
  'Range',
  'Txn',
  'LeaseGrant',
  'LeaseRevoke',
  'LeaseTimeToLive',
  'LeaseKeepAlive',
  'Watch',
  'Authenticate',
] as const

/** The methods of etcd that a client of this library calls. */
export type Method = (typeof methods)[number]

const codes = {
  UNAVAILABLE: Status.unavailable,
  DEADLINE_EXCEEDED: Status.deadlineExceeded,
  PERMISSION_DENIED: Status.permissionDenied,
  UNAUTHENTICATED: Status.unauthenticated,
  RESOURCE_EXHAUSTED: Status.resourceExhausted,
  NOT_FOUND: Status.notFound,
  INVALID_ARGUMENT: Status.invalidArgument,
  FAILED_PRECONDITION: Status.failedPrecondition,
  INTERNAL: Status.internal,
  UNKNOWN: Status.unknown,
} as const

/** The names of the gRPC statuses that a call can be made to fail with. */
export type FailureStatus = keyof typeof codes

export const statuses = Object.keys(codes) as readonly FailureStatus[]

/** How a call fails: a gRPC status and what the server says. */
export interface Failure {
  readonly status: FailureStatus
  readonly message: string
}

type Fault =
  | { readonly kind: 'fail'; readonly failure: Failure }
  | { readonly kind: 'dropRequest' }
  | { readonly kind: 'dropAnswer' }
  | { readonly kind: 'delay'; readonly ms: number }

/** Which uses of etcd a fault concerns. */
export interface Scope<Client> {
  readonly method: Method | 'any'
  /** Undefined for all clients. */
  readonly client: Client | undefined
}

interface Rule<Client> extends Scope<Client> {
  readonly fault: Fault
  left: number
}

export class Faults<Client> {
  readonly #rules = new Set<Rule<Client>>()

  /** What it returns calls the fault off. */
  add(scope: Scope<Client>, fault: Fault, times: number): () => void {
    const rule = { ...scope, fault, left: times }
    this.#rules.add(rule)
    return () => {
      this.#rules.delete(rule)
    }
  }

  clear(): void {
    this.#rules.clear()
  }

  /** How this use of a method is to fail, if it is. */
  failure(client: Client, method: string): RpcError | undefined {
    const fault = this.#use('fail', client, method)
    if (fault?.kind !== 'fail') return undefined
    return new RpcError(codes[fault.failure.status], fault.failure.message)
  }

  drops(kind: 'dropRequest' | 'dropAnswer', client: Client, method: string): boolean {
    return this.#use(kind, client, method) !== undefined
  }

  delayMs(client: Client, method: string): number {
    let ms = 0
    for (const { fault } of this.#matching(client, method)) {
      if (fault.kind === 'delay') ms += fault.ms
    }
    return ms
  }

  #use(kind: Fault['kind'], client: Client, method: string): Fault | undefined {
    for (const rule of this.#matching(client, method)) {
      if (rule.fault.kind !== kind) continue
      rule.left -= 1
      if (rule.left <= 0) this.#rules.delete(rule)
      return rule.fault
    }
    return undefined
  }

  *#matching(client: Client, method: string): Generator<Rule<Client>> {
    for (const rule of this.#rules) {
      const isForAll = rule.client === undefined || rule.client === client
      if (isForAll && (rule.method === 'any' || rule.method === method)) yield rule
    }
  }
}
