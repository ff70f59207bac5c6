// What an operator may do to somebody else's term, each guarded by the revision that was seen. It must not know who asks.

import {
  type CandidateInfo,
  CompareResult,
  CompareTarget,
  encode,
  type EtcdApi,
  rename,
} from './library.js'

/** Removes a candidacy. False when it was gone before, and nothing was changed. */
export async function removeCandidacy(
  api: EtcdApi,
  { term, fencingToken }: CandidateInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const key = encode(term)
  const { succeeded } = await api.txn(
    {
      compare: [
        {
          key,
          target: CompareTarget.CREATE,
          result: CompareResult.EQUAL,
          targetUnion: { case: 'createRevision', value: fencingToken },
        },
      ],
      success: [{ request: { case: 'requestDeleteRange', value: { key } } }],
    },
    { signal },
  )
  return succeeded
}

/** Gives the leader another name. False when it does not lead any more, and nothing was changed. */
export async function renameLeader(
  api: EtcdApi,
  election: string,
  { term, fencingToken }: CandidateInfo,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { kvs } = await api.range({ key: encode(term) }, { signal })
  const [found] = kvs
  if (found?.createRevision !== fencingToken) return false
  const candidacy = { election, term, fencingToken }
  const renaming = { name, modRevision: found.modRevision, onlyIfLeading: true }
  const changedAt = await rename(api, candidacy, found.lease, renaming, { signal })
  return changedAt !== undefined
}

/**
 * Whoever runs within `elect run` speaks of the term that it was started for. True for everybody else, and for those who
 * speak of another election.
 */
export function mayActOnTerm(
  { ELECT_ELECTION, ELECT_TERM, ELECT_FENCING_TOKEN }: NodeJS.ProcessEnv,
  election: string,
  { term, fencingToken }: CandidateInfo,
): boolean {
  if (ELECT_ELECTION !== election || ELECT_TERM === undefined) return true
  return ELECT_TERM === term && ELECT_FENCING_TOKEN === String(fencingToken)
}
