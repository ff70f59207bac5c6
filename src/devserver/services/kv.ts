// The key-value service: looks a request over, asks whether the caller may, and has the store do it.
// It must not know how anything is stored.

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
  carryOut,
  checkKept,
  checkLease,
  checkPlan,
  checkRevision,
  doDelete,
  doPut,
  plan,
} from '../store/txn.js'
import { checkDelete, checkPut, checkTxn } from '../store/txn-check.js'

/** Of what is written. More than that etcd does not take into its log. */
const mostRequestBytes = 1.5 * 1024 * 1024

export function kvHandlers(member: DevMember, guard: Guard): Handlers<typeof KV> {
  const { store, lessor } = member
  const hasLease = (id: bigint): boolean => lessor.has(id)
  const told = <R extends { header?: ResponseHeader | undefined }>(response: R): R => {
    response.header = member.header()
    return response
  }

  const checkSize = (caller: Caller): void => {
    guard.checkToken(caller)
    if (caller.requestBytes > mostRequestBytes) throw refusals.requestTooLarge()
  }

  return {
    range: (request, caller) => {
      checkRange(request)
      guard.admitRange(caller, request)
      // One below 0 stands for now; but not within a transaction.
      if (request.revision > 0n) checkRevision(store, request.revision)
      return told(answerRange(store, request))
    },

    put: (request, caller) => {
      checkPut(request)
      checkSize(caller)
      guard.admitPut(caller, request)
      // In this order, which is not that of a transaction.
      checkLease(request, hasLease)
      checkKept(store, request)
      return told(store.write((writer) => doPut(writer, request)))
    },

    deleteRange: (request, caller) => {
      checkDelete(request)
      checkSize(caller)
      guard.admitDeleteRange(caller, request)
      return told(store.write((writer) => doDelete(writer, request)))
    },

    txn: (request, caller) => {
      checkTxn(request)
      checkSize(caller)
      guard.admitTxn(caller, request)
      const planned = plan(store, request)
      checkPlan(store, planned, hasLease)
      return told(store.write((writer) => carryOut(writer, planned)))
    },

    compact: ({ revision }, caller): CompactionResponse => {
      guard.admitAdmin(caller)
      store.compact(revision)
      return told(create(CompactionResponseSchema))
    },
  }
}
