// Plans, checks against the store and executes transactions and single operations. What is invalid
// whatever the store contains was refused before (txn-check.ts).

import { create } from '@bufbuild/protobuf'
import {
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  DeleteRangeResponseSchema,
  type PutRequest,
  type PutResponse,
  PutResponseSchema,
  type RequestOp,
  ResponseHeaderSchema,
  type ResponseOp,
  ResponseOpSchema,
  type TxnRequest,
  type TxnResponse,
  TxnResponseSchema,
} from '../../etcd/wire/gen/rpc_pb.js'
import { refusals } from '../refusals.js'
import { isSatisfied } from './compare.js'
import { intervalOf, keyText } from './interval.js'
import { answerRange } from './range.js'
import type { Reader, Store, Writer } from './store.js'

/** The operations to execute. Chosen for all nested transactions before anything is written. */
export interface Plan {
  readonly succeeded: boolean
  readonly steps: readonly Step[]
}

interface Step {
  readonly op: RequestOp
  /** Only for a nested transaction. */
  readonly plan: Plan | undefined
}

export function planTxn(reader: Reader, { compare, success, failure }: TxnRequest): Plan {
  const succeeded = compare.every((one) => isSatisfied(reader, one))
  const steps = (succeeded ? success : failure).map((op) => ({
    op,
    plan: op.request.case === 'requestTxn' ? planTxn(reader, op.request.value) : undefined,
  }))
  return { succeeded, steps }
}

/** Refuses a plan that would fail during its execution. */
export function checkPlan(store: Store, { steps }: Plan, hasLease: (id: bigint) => boolean): void {
  for (const { op, plan } of steps) {
    if (op.request.case === 'requestPut') {
      checkIgnoreFlags(store, op.request.value)
      checkLease(op.request.value, hasLease)
    }
    if (op.request.case === 'requestRange') checkRevision(store, op.request.value.revision)
    if (plan !== undefined) checkPlan(store, plan, hasLease)
  }
}

/** Refuses a put that keeps the value or lease of a key that does not exist. */
export function checkIgnoreFlags(
  reader: Reader,
  { key, ignoreValue, ignoreLease }: PutRequest,
): void {
  if ((ignoreValue || ignoreLease) && reader.get(keyText(key)) === undefined) {
    throw refusals.keyNotFound()
  }
}

/** Refuses a put on a lease that does not exist. */
export function checkLease({ lease }: PutRequest, hasLease: (id: bigint) => boolean): void {
  if (lease !== 0n && !hasLease(lease)) throw refusals.leaseNotFound()
}

/** Refuses a revision that is compacted or in the future. */
export function checkRevision(store: Store, revision: bigint): void {
  if (revision > store.revision) throw refusals.futureRevision()
  if (revision !== 0n && revision < store.compactRevision) throw refusals.compacted()
}

export function executePlan(writer: Writer, { succeeded, steps }: Plan): TxnResponse {
  return create(TxnResponseSchema, {
    // The service fills in the header of the outermost transaction.
    header: create(ResponseHeaderSchema),
    succeeded,
    responses: steps.map((step) =>
      create(ResponseOpSchema, { response: executeStep(writer, step) }),
    ),
  })
}

function executeStep(writer: Writer, { op: { request }, plan }: Step): ResponseOp['response'] {
  switch (request.case) {
    case 'requestRange':
      return {
        case: 'responseRange',
        value: withRevision(writer, answerRange(writer, request.value)),
      }
    case 'requestPut':
      return { case: 'responsePut', value: withRevision(writer, executePut(writer, request.value)) }
    case 'requestDeleteRange':
      return {
        case: 'responseDeleteRange',
        value: withRevision(writer, executeDelete(writer, request.value)),
      }
    case 'requestTxn':
      if (plan === undefined) throw new Error('a nested transaction has a plan')
      return { case: 'responseTxn', value: executePlan(writer, plan) }
    case undefined:
      throw refusals.keyNotFound()
    default:
      return request satisfies never
  }
}

/** Sets the header of an operation within a transaction, which has nothing but the revision. */
function withRevision<R extends { header?: unknown }>({ revision }: Reader, response: R): R {
  response.header = create(ResponseHeaderSchema, { revision })
  return response
}

export function executePut(writer: Writer, request: PutRequest): PutResponse {
  const key = keyText(request.key)
  const before = writer.get(key)
  writer.put(
    key,
    request.ignoreValue ? (before?.value ?? new Uint8Array()) : request.value,
    request.ignoreLease ? (before?.lease ?? 0n) : request.lease,
  )
  return create(PutResponseSchema, request.prevKv && before !== undefined ? { prevKv: before } : {})
}

export function executeDelete(writer: Writer, request: DeleteRangeRequest): DeleteRangeResponse {
  const prevKvs = [...writer.range(intervalOf(request))]
  for (const { key } of prevKvs) writer.delete(keyText(key))
  return create(DeleteRangeResponseSchema, {
    deleted: BigInt(prevKvs.length),
    ...(request.prevKv && { prevKvs }),
  })
}
