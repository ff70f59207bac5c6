// The transactions that elections are made of, and what their answers mean. Each may be sent twice
// without harm. The layout is that of Go's concurrency package, which shares elections with this
// library.

import { create } from '@bufbuild/protobuf'
import { RefusedError } from '../base/errors.js'
import type { CallOptions, Condition, EtcdApi, JointOptions, Operation } from '../etcd/api.js'
import type { KeyValue } from '../etcd/wire/gen/kv_pb.js'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeRequestSchema,
  RequestOpSchema,
  type ResponseOp,
} from '../etcd/wire/gen/rpc_pb.js'
import { candidacies, decode, encode, termKey } from './keys.js'
import { type CandidateInfo, toInfo } from './roster.js'

/**
 * One candidacy in etcd: a key on a lease. Its token tells it from an earlier one under the same
 * key.
 */
export interface Candidacy {
  readonly election: string
  readonly term: string
  /** The create revision of the key. */
  readonly fencingToken: bigint
}

/** A new name for a candidacy, and the state of its key that the change is meant for. */
export interface NameChange {
  readonly name: string
  readonly modRevision: bigint
  readonly onlyIfLeading: boolean
}

/** An election as it was at one revision. */
export interface Snapshot {
  readonly revision: bigint
  readonly raftTerm: bigint
  readonly sortedByCreateRevision: readonly KeyValue[]
}

/**
 * Makes the candidacy on this lease unless it exists, and reads the whole election in the same
 * transaction.
 *
 * @returns also the name that the candidacy has in etcd, which differs from `name` when its key
 * existed already, and the revision at which it got that name.
 */
export async function join(
  api: EtcdApi,
  election: string,
  leaseId: bigint,
  name: string,
  options: JointOptions,
): Promise<{ candidacy: Candidacy; name: string; modRevision: bigint; snapshot: Snapshot }> {
  const term = termKey(election, leaseId)
  const key = encode(term)
  const read = range(election)
  const response = await api.jointTxn(
    {
      compare: [createRevision(key, Compare_CompareResult.EQUAL, 0n)],
      // A range sees the puts before it in the same transaction.
      success: [put(key, name, leaseId), read],
      failure: [read],
      scope: election,
      group: groupOf(leaseId),
      rights: { write: put(key), read },
    },
    options,
  )
  const sortedByCreateRevision = kvsOf(response.responses.at(-1))
  const own = sortedByCreateRevision.find((kv) => decode(kv.key) === term)
  if (own === undefined || response.header === undefined) {
    throw new Error(`etcd answered a join without the key that it is about: ${term}`)
  }
  const { revision, raftTerm } = response.header
  return {
    candidacy: { election, term, fencingToken: own.createRevision },
    name: decode(own.value),
    modRevision: own.modRevision,
    snapshot: { revision, raftTerm, sortedByCreateRevision },
  }
}

/**
 * Gives a candidacy another name. An earlier request that was given up may still be on its way, and
 * must not undo this one when it arrives; so each change is conditional on the state of the key
 * that it was meant for.
 *
 * @param modRevision the revision of the last change of the key that is known.
 * @returns the revision of this change; undefined when nothing was changed, because the candidacy
 * is gone or, with `onlyIfLeading`, does not lead.
 */
export async function rename(
  api: EtcdApi,
  candidacy: Candidacy,
  leaseId: bigint,
  { name, modRevision, onlyIfLeading }: NameChange,
  options: CallOptions,
): Promise<bigint | undefined> {
  const key = encode(candidacy.term)
  for (let known = modRevision; ;) {
    const response = await api.jointTxn(
      {
        compare: [
          ...(onlyIfLeading ? leads(candidacy) : [exists(candidacy)]),
          unchangedSince(key, known),
        ],
        success: [put(key, name, leaseId)],
        failure: [{ request: { case: 'requestRange', value: { key, keysOnly: true } } }],
        scope: candidacy.election,
        group: groupOf(leaseId),
        rights: { write: put(key), read: range(candidacy.election) },
      },
      options,
    )
    if (response.succeeded) return response.header?.revision
    const [found] = kvsOf(response.responses[0])
    if (found?.createRevision !== candidacy.fencingToken || found.modRevision === known)
      return undefined
    known = found.modRevision
  }
}

/** Removes a candidacy. It is gone when this returns. */
export async function leave(
  api: EtcdApi,
  candidacy: Candidacy,
  options: CallOptions = {},
): Promise<void> {
  const remove: Operation = {
    request: { case: 'requestDeleteRange', value: { key: encode(candidacy.term) } },
  }
  await api.jointTxn(
    {
      compare: [exists(candidacy)],
      success: [remove],
      scope: candidacy.election,
      group: 'leaving',
      rights: { write: remove, read: range(candidacy.election) },
    },
    options,
  )
}

/**
 * Removes a candidacy and, in the same revision, writes the next candidate's key again without
 * changing it: the mark of a leader that left on purpose (former-leaders.ts). Returns false when
 * nothing was changed, because one of the two keys is gone or etcd is full.
 */
export async function leaveMarked(
  api: EtcdApi,
  candidacy: Candidacy,
  next: Candidacy,
  options: CallOptions = {},
): Promise<boolean> {
  const remove = { case: 'requestDeleteRange' as const, value: { key: encode(candidacy.term) } }
  try {
    const { succeeded } = await api.txn(
      {
        compare: [exists(candidacy), exists(next)],
        success: [{ request: remove }, touch(next)],
      },
      options,
    )
    return succeeded
  } catch (error) {
    // An etcd without space takes no put, and so no mark. It always takes a delete.
    if (error instanceof RefusedError) return false
    throw error
  }
}

/** The candidacy under this key, if there is one. */
export async function find(
  api: EtcdApi,
  election: string,
  term: string,
  options: CallOptions = {},
): Promise<Candidacy | undefined> {
  const { kvs } = await api.range({ key: encode(term), keysOnly: true }, options)
  const fencingToken = kvs[0]?.createRevision
  return fencingToken === undefined ? undefined : { election, term, fencingToken }
}

/** Asks etcd who leads. */
export async function readLeader(
  api: EtcdApi,
  election: string,
  options: CallOptions,
): Promise<CandidateInfo | undefined> {
  const { kvs } = await api.range({ ...oldestFirst(election), limit: 1n }, options)
  return kvs[0] && toInfo(kvs[0])
}

/** Asks etcd for the whole election. */
export async function readAll(
  api: EtcdApi,
  election: string,
  options: CallOptions = {},
): Promise<Snapshot> {
  const { kvs, header } = await api.range(oldestFirst(election), options)
  return {
    revision: header?.revision ?? 0n,
    raftTerm: header?.raftTerm ?? 0n,
    sortedByCreateRevision: kvs,
  }
}

/**
 * The candidacy exists, and no other is older. A waiting candidate passes only the first of the
 * two.
 */
function leads(candidacy: Candidacy): Condition[] {
  const { key, rangeEnd } = candidacies(candidacy.election)
  return [
    exists(candidacy),
    {
      key,
      rangeEnd,
      target: Compare_CompareTarget.CREATE,
      result: Compare_CompareResult.GREATER,
      targetUnion: { case: 'createRevision', value: candidacy.fencingToken - 1n },
    },
  ]
}

function exists({ term, fencingToken }: Candidacy): Condition {
  return createRevision(encode(term), Compare_CompareResult.EQUAL, fencingToken)
}

function unchangedSince(key: Uint8Array, modRevision: bigint): Condition {
  return {
    key,
    target: Compare_CompareTarget.MOD,
    result: Compare_CompareResult.EQUAL,
    targetUnion: { case: 'modRevision', value: modRevision },
  }
}

function createRevision(
  key: Uint8Array,
  result: Compare_CompareResult,
  revision: bigint,
): Condition {
  return {
    key,
    target: Compare_CompareTarget.CREATE,
    result,
    targetUnion: { case: 'createRevision', value: revision },
  }
}

/**
 * Puts on one lease fail together when it is gone. Deletes are apart: etcd takes them also without
 * space.
 */
function groupOf(leaseId: bigint): string {
  return leaseId.toString(16)
}

/** Without a name, it stands for the right to put. */
function put(key: Uint8Array, name = '', lease = 0n): Operation {
  return { request: { case: 'requestPut', value: { key, value: encode(name), lease } } }
}

/** Writes the key without changing it. Its owner's next proclamation finds a newer revision. */
function touch({ term }: Candidacy): Operation {
  const value = { key: encode(term), ignoreValue: true, ignoreLease: true }
  return { request: { case: 'requestPut', value } }
}

/** A complete message: a transaction takes it as it is, and would copy anything else. */
function range(election: string): Operation {
  const value = create(RangeRequestSchema, oldestFirst(election))
  return create(RequestOpSchema, { request: { case: 'requestRange', value } })
}

function oldestFirst(election: string) {
  return {
    ...candidacies(election),
    sortOrder: RangeRequest_SortOrder.ASCEND,
    sortTarget: RangeRequest_SortTarget.CREATE,
  }
}

function kvsOf(response: ResponseOp | undefined): KeyValue[] {
  return response?.response.case === 'responseRange' ? response.response.value.kvs : []
}
