// The key-value service: validates a request, checks the caller's rights, and executes it on the
// store.

import { create } from '@bufbuild/protobuf'
import {
  type CompactionResponse,
  CompactionResponseSchema,
  type KV,
  type ResponseHeader,
} from '../../etcd/wire/gen/rpc_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import { refusals } from '../refusals.js'
import type { Caller, Handlers } from '../rpc.js'
import { answerRange, checkRange } from '../store/range.js'
import {
  executePlan,
  checkIgnoreFlags,
  checkLease,
  checkPlan,
  checkRevision,
  executeDelete,
  executePut,
  planTxn,
} from '../store/txn.js'
import { checkDelete, checkPut, checkTxn } from '../store/txn-check.js'

/** For requests that write: etcd accepts no larger ones into its log. */
const maxRequestBytes = 1.5 * 1024 * 1024

export function kvHandlers(member: DevMember, guard: Guard): Handlers<typeof KV> {
  const { store, lessor } = member
  const hasLease = (id: bigint): boolean => lessor.has(id)
  const withHeader = <R extends { header?: ResponseHeader | undefined }>(response: R): R => {
    response.header = member.header()
    return response
  }

  const checkSize = (caller: Caller): void => {
    guard.checkToken(caller)
    if (caller.requestBytes > maxRequestBytes) throw refusals.requestTooLarge()
  }

  return {
    range: (request, caller) => {
      checkRange(request)
      guard.admitRange(caller, request)
      // A negative revision means the current one here, but not within a transaction.
      if (request.revision > 0n) checkRevision(store, request.revision)
      return withHeader(answerRange(store, request))
    },

    put: (request, caller) => {
      checkPut(request)
      checkSize(caller)
      guard.admitPut(caller, request)
      // As in etcd, a transaction checks these two in the opposite order.
      checkLease(request, hasLease)
      checkIgnoreFlags(store, request)
      return withHeader(store.write((writer) => executePut(writer, request)))
    },

    deleteRange: (request, caller) => {
      checkDelete(request)
      checkSize(caller)
      guard.admitDeleteRange(caller, request)
      return withHeader(store.write((writer) => executeDelete(writer, request)))
    },

    txn: (request, caller) => {
      checkTxn(request)
      checkSize(caller)
      guard.admitTxn(caller, request)
      const planned = planTxn(store, request)
      checkPlan(store, planned, hasLease)
      return withHeader(store.write((writer) => executePlan(writer, planned)))
    },

    compact: ({ revision }, caller): CompactionResponse => {
      guard.admitAdmin(caller)
      store.compact(revision)
      return withHeader(create(CompactionResponseSchema))
    },
  }
}
