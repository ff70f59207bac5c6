// Does what a transaction, or one operation, asks for. It must not know who asks, nor look for what is refused before
// anything is known of the store (txn-check.ts).

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
import { holds } from './compare.js'
import { intervalOf, keyText } from './interval.js'
import { answerRange } from './range.js'
import type { Reader, Store, Writer } from './store.js'

/** Which operations will be done. Decided for all nested transactions before anything is written. */
export interface Plan {
  readonly succeeded: boolean
  readonly steps: readonly Step[]
}

interface Step {
  readonly op: RequestOp
  /** Of a nested transaction. */
  readonly plan: Plan | undefined
}

export function plan(reader: Reader, { compare, success, failure }: TxnRequest): Plan {
  const succeeded = compare.every((one) => holds(reader, one))
  const steps = (succeeded ? success : failure).map((op) => ({
    op,
    plan: op.request.case === 'requestTxn' ? plan(reader, op.request.value) : undefined,
  }))
  return { succeeded, steps }
}

/** Refuses a plan that could not be carried out to its end. */
export function checkPlan(store: Store, { steps }: Plan, hasLease: (id: bigint) => boolean): void {
  for (const { op, plan } of steps) {
    if (op.request.case === 'requestPut') {
      checkKept(store, op.request.value)
      checkLease(op.request.value, hasLease)
    }
    if (op.request.case === 'requestRange') checkRevision(store, op.request.value.revision)
    if (plan !== undefined) checkPlan(store, plan, hasLease)
  }
}

/** Refuses a put that keeps what is not there. */
export function checkKept(reader: Reader, { key, ignoreValue, ignoreLease }: PutRequest): void {
  if ((ignoreValue || ignoreLease) && reader.get(keyText(key)) === undefined) {
    throw refusals.keyNotFound()
  }
}

/** Refuses a put on a lease that is not there. */
export function checkLease({ lease }: PutRequest, hasLease: (id: bigint) => boolean): void {
  if (lease !== 0n && !hasLease(lease)) throw refusals.leaseNotFound()
}

/** Refuses a revision that is no longer, or not yet, there. */
export function checkRevision(store: Store, revision: bigint): void {
  if (revision > store.revision) throw refusals.futureRevision()
  if (revision !== 0n && revision < store.compactRevision) throw refusals.compacted()
}

export function carryOut(writer: Writer, { succeeded, steps }: Plan): TxnResponse {
  return create(TxnResponseSchema, {
    // Only the outermost transaction tells more of itself here.
    header: create(ResponseHeaderSchema),
    succeeded,
    responses: steps.map((step) => create(ResponseOpSchema, { response: doStep(writer, step) })),
  })
}

function doStep(writer: Writer, { op: { request }, plan }: Step): ResponseOp['response'] {
  switch (request.case) {
    case 'requestRange':
      return { case: 'responseRange', value: told(writer, answerRange(writer, request.value)) }
    case 'requestPut':
      return { case: 'responsePut', value: told(writer, doPut(writer, request.value)) }
    case 'requestDeleteRange':
      return { case: 'responseDeleteRange', value: told(writer, doDelete(writer, request.value)) }
    case 'requestTxn':
      if (plan === undefined) throw new Error('a nested transaction has a plan')
      return { case: 'responseTxn', value: carryOut(writer, plan) }
    case undefined:
      throw refusals.keyNotFound()
    default:
      return request satisfies never
  }
}

/** The header of an operation within a transaction: nothing but the revision that was reached with it. */
function told<R extends { header?: unknown }>({ revision }: Reader, response: R): R {
  response.header = create(ResponseHeaderSchema, { revision })
  return response
}

export function doPut(writer: Writer, request: PutRequest): PutResponse {
  const key = keyText(request.key)
  const before = writer.get(key)
  writer.put(
    key,
    request.ignoreValue ? (before?.value ?? new Uint8Array()) : request.value,
    request.ignoreLease ? (before?.lease ?? 0n) : request.lease,
  )
  return create(PutResponseSchema, request.prevKv && before !== undefined ? { prevKv: before } : {})
}

export function doDelete(writer: Writer, request: DeleteRangeRequest): DeleteRangeResponse {
  const prevKvs = [...writer.range(intervalOf(request))]
  for (const { key } of prevKvs) writer.delete(keyText(key))
  return create(DeleteRangeResponseSchema, {
    deleted: BigInt(prevKvs.length),
    ...(request.prevKv && { prevKvs }),
  })
}
