// The options of a candidate and of its campaigns.

import { InvalidArgumentError } from '../base/errors.js'
import { boolean } from '../base/options/checks.js'
import {
  checkOptions,
  documentedAs,
  type Given,
  type OptionTable,
  readOptions,
  type Resolved,
  resolveOptions,
  without,
} from '../base/options/table.js'
import { waitOptionTable, type WaitOptions } from '../base/wait.js'
import { candidateName, electionName } from '../election/options.js'
import { type SessionOptions, sessionOptionTable } from '../session/options.js'

/** The options of the candidate's own session. Not allowed with a `Session`, which has them. */
type OwnSessionOptions = Partial<Omit<SessionOptions, 'ttl' | 'leaseId'>>

/** The options of {@link Candidate}. */
export interface CandidateOptions extends OwnSessionOptions {
  /** The name of the election, the same for all its candidates. */
  readonly election: string
  /** The name that others see. Need not be unique; a host name serves well. */
  readonly name: string
  /**
   * The TTL of the candidate's own session, in whole seconds: another candidate may take that long
   * to replace a process that died. Required with an `Etcd`, not allowed with a `Session`, which
   * has one.
   */
  readonly ttl?: number | undefined
  /**
   * Whether a newly elected candidate waits until no former leader can believe that it still leads,
   * even if etcd ended its lease too early: for its TTL and a margin, unless it is known to have
   * left on purpose. Default false. To be set on all candidates of the election; see
   * docs/guarantees.md.
   */
  readonly lockDelay?: boolean | undefined
}

/** The options of `candidate.campaign()`. */
export interface CampaignOptions extends WaitOptions {
  /** Another name for this candidacy. A candidate that leads already proclaims it. */
  readonly name?: string | undefined
}

/** Without `leaseId`, because a process that takes a lease over makes the session itself. */
const ownSessionOptionTable = without(sessionOptionTable, 'leaseId')

const electionOptionTable = {
  election: { isRequired: true, check: electionName, doc: '[names](#names)' },
  name: { isRequired: true, check: candidateName, doc: '[names](#names)' },
  lockDelay: {
    check: boolean,
    default: false,
    doc: '[lockDelay](guarantees.md#lockdelay), on all candidates of the election',
  },
} satisfies OptionTable<Omit<CandidateOptions, keyof typeof ownSessionOptionTable>>

export const candidateOptionTable = {
  ...electionOptionTable,
  ...documentedAs('as for a session', ownSessionOptionTable),
  ttl: {
    check: sessionOptionTable.ttl.check,
    defaultDoc: 'none: needed on an `Etcd`',
    doc: 'as for a session',
  },
} satisfies OptionTable<CandidateOptions>

export interface ResolvedCandidateOptions extends Resolved<typeof electionOptionTable> {
  /** Unchecked: the session checks them. */
  readonly ofSession: Given<typeof ownSessionOptionTable>
}

/** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
export function checkCandidateOptions(options: unknown): ResolvedCandidateOptions {
  const example = "{ election: 'nightly-report', name: 'web-1', ttl: 5 }"
  const { election, name, lockDelay, ...ofSession } = readOptions(candidateOptionTable, options, {
    example,
  })
  return { ...checkOptions(electionOptionTable, { election, name, lockDelay }), ofSession }
}

/** @throws InvalidArgumentError naming the first option that belongs to a shared session. */
export function refuseSessionOptions(given: ResolvedCandidateOptions['ofSession']): void {
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue
    throw new InvalidArgumentError(option, 'expected nothing: it is the session’s', value)
  }
}

export const campaignOptionTable = {
  signal: {
    ...waitOptionTable.signal,
    doc: 'aborted, it gives the candidacy up; a term once won outlives it',
  },
  name: {
    check: candidateName,
    defaultDoc: "the candidate's name",
    doc: '[names](#names); another name for this candidacy, proclaimed if it leads',
  },
} satisfies OptionTable<CampaignOptions>

/** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
export function checkCampaign(options: unknown): Resolved<typeof campaignOptionTable> {
  return resolveOptions(campaignOptionTable, options, { example: '{ signal }' })
}
