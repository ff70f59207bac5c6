// Formats the leader alike in all commands: as a line for people, and as JSON for programs.

import type { CandidateInfo } from '../library.js'
import { escapeControls } from './format.js'

export function formatLeader(leader: CandidateInfo | undefined): string {
  if (leader === undefined) return 'nobody leads'
  const { name, fencingToken, term } = leader
  return `${escapeControls(name)} leads, fencing token ${String(fencingToken)}, term ${escapeControls(term)}`
}

/** The leader in the JSON output. */
export type LeaderJson = Pick<CandidateInfo, 'name' | 'term' | 'fencingToken'>

export function leaderToJson(leader: CandidateInfo | undefined): LeaderJson | null {
  if (leader === undefined) return null
  const { name, term, fencingToken } = leader
  return { name, term, fencingToken }
}
