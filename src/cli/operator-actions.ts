// What operators do to another candidate's term. Each action changes nothing unless the term is
// still the one that the operator saw.

import {
  type CandidateInfo,
  CompareResult,
  CompareTarget,
  encode,
  type EtcdApi,
  rename,
} from './library.js'

/** Deletes a candidacy. Returns false when it no longer exists. */
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

/** Gives the leader another name. Returns false, and changes nothing, when it no longer leads. */
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
  const change = { name, modRevision: found.modRevision, onlyIfLeading: true }
  const changedAt = await rename(api, candidacy, found.lease, change, { signal })
  return changedAt !== undefined
}

/**
 * Whether a command with this environment may act on the term. Inside the CMD of `elect run` it
 * may act only on CMD's own term of that election; everywhere else, on any term.
 */
export function mayActOnTerm(
  { ELECT_ELECTION, ELECT_TERM, ELECT_FENCING_TOKEN }: NodeJS.ProcessEnv,
  election: string,
  { term, fencingToken }: CandidateInfo,
): boolean {
  if (ELECT_ELECTION !== election || ELECT_TERM === undefined) return true
  return ELECT_TERM === term && ELECT_FENCING_TOKEN === String(fencingToken)
}
