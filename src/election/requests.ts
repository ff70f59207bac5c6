// The transactions that elections are made of, and what their answers mean. Each may be sent twice without harm.
// It must not know why they are sent. The layout is that of Go's concurrency package, which shares elections with us.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { CallOptions, EtcdApi } from '../etcd/api.js'
import type { KeyValue } from '../etcd/gen/kv_pb.js'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  type CompareSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RequestOpSchema,
  type ResponseOp,
} from '../etcd/gen/rpc_pb.js'
import { candidacies, encode, termKey } from './keys.js'
import { type CandidateInfo, toInfo } from './roster.js'

/** One candidacy in etcd: a key on a lease, told apart from an earlier one under the same key by its token. */
export interface Candidacy {
  readonly election: string
  readonly term: string
  /** The create revision of the key. */
  readonly token: bigint
}

/** An election as it was at one revision. */
export interface Snapshot {
  readonly revision: bigint
  readonly raftTerm: bigint
  readonly sortedByCreateRevision: readonly KeyValue[]
}

type Operation = MessageInitShape<typeof RequestOpSchema>
type Condition = MessageInitShape<typeof CompareSchema>

/**
 * Makes sure that the candidacy on this lease exists, and reads the whole election in the same transaction.
 *
 * @returns the name that the candidacy has in etcd: not the given one when its key existed already.
 */
export async function join(
  api: EtcdApi,
  election: string,
  leaseId: bigint,
  name: string,
  options: CallOptions,
): Promise<{ candidacy: Candidacy; name: string; snapshot: Snapshot }> {
  const term = termKey(election, leaseId)
  const key = encode(term)
  const response = await api.txn(
    {
      compare: [createRevision(key, Compare_CompareResult.EQUAL, 0n)],
      // A range sees what stands before it in the same transaction.
      success: [put(key, name, leaseId), range(election)],
      failure: [range(election)],
    },
    options,
  )
  const sortedByCreateRevision = kvsOf(response.responses.at(-1))
  const own = sortedByCreateRevision.map(toInfo).find((candidate) => candidate.term === term)
  if (own === undefined || response.header === undefined) {
    throw new Error(`etcd answered a join without the key that it is about: ${term}`)
  }
  const { revision, raftTerm } = response.header
  return {
    candidacy: { election, term, token: own.revision },
    name: own.name,
    snapshot: { revision, raftTerm, sortedByCreateRevision },
  }
}

/** Gives a leading candidacy another name. Tells whether it still led; if not, nothing was changed. */
export async function proclaim(
  api: EtcdApi,
  candidacy: Candidacy,
  leaseId: bigint,
  name: string,
  options: CallOptions,
): Promise<boolean> {
  const response = await api.txn(
    { compare: leads(candidacy), success: [put(encode(candidacy.term), name, leaseId)] },
    options,
  )
  return response.succeeded
}

/** Gives a candidacy, waiting or leading, another name. Tells whether it still existed. */
export async function rename(
  api: EtcdApi,
  candidacy: Candidacy,
  leaseId: bigint,
  name: string,
  options: CallOptions,
): Promise<boolean> {
  const key = encode(candidacy.term)
  const response = await api.txn(
    { compare: [exists(candidacy)], success: [put(key, name, leaseId)] },
    options,
  )
  return response.succeeded
}

/** Removes a candidacy. When this returns, it is gone. */
export async function leave(
  api: EtcdApi,
  candidacy: Candidacy,
  options: CallOptions,
): Promise<void> {
  const key = encode(candidacy.term)
  await api.txn(
    {
      compare: [exists(candidacy)],
      success: [{ request: { case: 'requestDeleteRange', value: { key } } }],
    },
    options,
  )
}

/** The candidacy under this key, if there is one. */
export async function find(
  api: EtcdApi,
  election: string,
  term: string,
  options: CallOptions,
): Promise<Candidacy | undefined> {
  const { kvs } = await api.range({ key: encode(term), keysOnly: true }, options)
  const token = kvs[0]?.createRevision
  return token === undefined ? undefined : { election, term, token }
}

/** Who leads, asked of etcd. */
export async function readLeader(
  api: EtcdApi,
  election: string,
  options: CallOptions,
): Promise<CandidateInfo | undefined> {
  const { kvs } = await api.range({ ...oldestFirst(election), limit: 1n }, options)
  return kvs[0] && toInfo(kvs[0])
}

/** The whole election, asked of etcd. */
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

/** The candidacy exists and nobody is older: a waiting candidate passes the first test, but not the second. */
function leads(candidacy: Candidacy): Condition[] {
  const { key, rangeEnd } = candidacies(candidacy.election)
  return [
    exists(candidacy),
    {
      key,
      rangeEnd,
      target: Compare_CompareTarget.CREATE,
      result: Compare_CompareResult.GREATER,
      targetUnion: { case: 'createRevision', value: candidacy.token - 1n },
    },
  ]
}

function exists({ term, token }: Candidacy): Condition {
  return createRevision(encode(term), Compare_CompareResult.EQUAL, token)
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

function put(key: Uint8Array, name: string, lease: bigint): Operation {
  return { request: { case: 'requestPut', value: { key, value: encode(name), lease } } }
}

function range(election: string): Operation {
  return { request: { case: 'requestRange', value: oldestFirst(election) } }
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
