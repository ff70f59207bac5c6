// The faults that a test has requested, with the calls they concern and how often they still apply.

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

/** How a call fails: a gRPC status and the server's message. */
export interface Failure {
  readonly status: FailureStatus
  readonly message: string
}

type Fault =
  | { readonly kind: 'fail'; readonly failure: Failure }
  | { readonly kind: 'dropRequest' }
  | { readonly kind: 'dropAnswer' }
  | { readonly kind: 'delay'; readonly ms: number }

/** Which calls a fault concerns. */
export interface FaultScope<Client> {
  readonly method: Method | 'any'
  /** Undefined for all clients. */
  readonly client: Client | undefined
}

interface FaultRule<Client> extends FaultScope<Client> {
  readonly fault: Fault
  usesLeft: number
}

export class Faults<Client> {
  readonly #rules = new Set<FaultRule<Client>>()

  /** @returns a function that removes the fault. */
  add(scope: FaultScope<Client>, fault: Fault, times: number): () => void {
    const rule = { ...scope, fault, usesLeft: times }
    this.#rules.add(rule)
    return () => {
      this.#rules.delete(rule)
    }
  }

  clear(): void {
    this.#rules.clear()
  }

  /** The error with which this use of a method has to fail, if any. */
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
      rule.usesLeft -= 1
      if (rule.usesLeft <= 0) this.#rules.delete(rule)
      return rule.fault
    }
    return undefined
  }

  *#matching(client: Client, method: string): Generator<FaultRule<Client>> {
    for (const rule of this.#rules) {
      const isForClient = rule.client === undefined || rule.client === client
      if (isForClient && (rule.method === 'any' || rule.method === method)) yield rule
    }
  }
}
