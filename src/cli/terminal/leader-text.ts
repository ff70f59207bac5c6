// How candidates are shown, by all commands alike. It must not know where they come from.

import type { CandidateInfo } from '../library.js'
import { visible } from './table.js'

export function leaderLine(leader: CandidateInfo | undefined): string {
  if (leader === undefined) return 'nobody leads'
  const { name, revision, term } = leader
  return `${visible(name)} leads, fencing token ${String(revision)}, term ${visible(term)}`
}

export interface CandidateJson {
  readonly name: string
  readonly term: string
  readonly fencingToken: bigint
}

export function leaderJson(leader: CandidateInfo | undefined): CandidateJson | null {
  if (leader === undefined) return null
  const { name, term, revision } = leader
  return { name, term, fencingToken: revision }
}
