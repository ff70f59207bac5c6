// How candidates are shown, by all commands alike. It must not know where they come from.

import type { CandidateInfo } from '../library.js'
import { visible } from './table.js'

export function leaderLine(leader: CandidateInfo | undefined): string {
  if (leader === undefined) return 'nobody leads'
  const { name, fencingToken, term } = leader
  return `${visible(name)} leads, fencing token ${String(fencingToken)}, term ${visible(term)}`
}

/** What programs are told of a candidate. */
export type CandidateJson = Pick<CandidateInfo, 'name' | 'term' | 'fencingToken'>

export function leaderJson(leader: CandidateInfo | undefined): CandidateJson | null {
  if (leader === undefined) return null
  const { name, term, fencingToken } = leader
  return { name, term, fencingToken }
}
