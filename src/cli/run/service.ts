// Runs `elect run` from its first campaign to its end: for one term, or with `--forever` for many.

import {
  Backoff,
  Candidate,
  ElectError,
  type Etcd,
  sleep,
  systemClock,
  whyNoGuardian,
} from '../library.js'
import type { CampaignRequest } from '../campaign-request.js'
import { waitToLead } from '../wait-to-lead.js'
import { type SignalError, usageError } from '../errors.js'
import type { Context } from '../definition/command-spec.js'
import { formatDuration, escapeControls } from '../terminal/format.js'
import { CannotStartError, KeeperSupervisor } from './keeper/supervisor.js'
import { defaultGraceMs, maxGraceMs } from './keeper/schedule.js'
import { type Program, runDuring } from './run-during.js'

export type RunEnd =
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly how: 'lost'; readonly message: string }
  /** A signal stopped `elect run` before the command ran, or between two terms. */
  | { readonly how: 'stopped'; readonly signal: NodeJS.Signals }
  | {
      readonly how: 'cannotStart'
      readonly exit: 'cannotRun' | 'notFound'
      readonly message: string
    }

export interface RunRequest {
  readonly context: Context
  /** Closed at the end. */
  readonly etcd: Etcd
  readonly campaign: CampaignRequest
  readonly program: Omit<Program, 'graceMs'>
  readonly graceMs: number | undefined
  readonly forever: boolean
}

/** A pause follows a term shorter than this. Pauses grow. */
const shortTermMs = 1_000

export async function runService(request: RunRequest): Promise<RunEnd> {
  const { etcd, campaign, context, forever } = request
  const { stop, terminal } = context
  const graceMs = checkGrace(request.graceMs, campaign.ttlS)
  const { election, name, ttlS, lockDelay } = campaign
  const guardian = whyNoGuardian(etcd.api) === undefined
  const candidate = new Candidate(etcd, { election, name, ttl: ttlS, lockDelay, guardian })
  const keeper = new KeeperSupervisor()
  // When this process is killed, the keeper ends the command. No other candidate may lead before.
  if (keeper.pid !== undefined) candidate.session.revokeOnlyAfter(keeper.pid)
  const backoff = new Backoff(Math.random, 100, 5_000)
  try {
    for (;;) {
      const startedAt = performance.now()
      const end = await runOnce(request, candidate, keeper, graceMs)
      const isLast = end !== 'notStarted' && (!forever || end.how === 'cannotStart')
      if (isLast || isStopped(stop)) return end === 'notStarted' ? stopped(stop) : end
      if (end !== 'notStarted' && end.how === 'lost') terminal.note(end.message)
      if (performance.now() - startedAt >= shortTermMs) backoff.reset()
      else await sleep(systemClock, backoff.nextMs(), stop).catch(() => undefined)
      if (isStopped(stop)) return stopped(stop)
    }
  } finally {
    keeper.stop()
    await leave(candidate, context)
    await etcd.close()
  }
}

async function runOnce(
  { context, etcd, campaign, program, forever }: RunRequest,
  candidate: Candidate,
  keeper: KeeperSupervisor,
  graceMs: number,
): Promise<RunEnd | 'notStarted'> {
  const { stop, terminal } = context
  if (isStopped(stop)) return stopped(stop)
  try {
    const leadership = await waitToLead(candidate, campaign, context, etcd)
    const { election, name } = campaign
    terminal.detail(
      `${escapeControls(name)} leads '${escapeControls(election)}', fencing token ${String(leadership.fencingToken)}`,
    )
    if (isStopped(stop)) return stopped(stop)
    const lease = await candidate.session.lease()
    const ended = await runDuring(leadership, lease, { ...program, graceMs }, keeper, terminal)
    const { code, signal, because } = ended
    if (because === undefined) {
      // Nothing of the command is left, so the next candidate may lead.
      await leadership.resign().catch(() => undefined)
      return signal === null ? { how: 'exited', code: code ?? 0 } : { how: 'signalled', signal }
    }
    if (code === null && signal === null) return 'notStarted'
    // A command that stops in time may end before the term. The term is then given up.
    if (!leadership.signal.aborted) await leadership.resign().catch(() => undefined)
    const why =
      because === 'late' ? 'the lease could not be renewed in time' : await leadership.ended
    return {
      how: 'lost',
      message: `leadership of '${escapeControls(election)}' was lost (${why}): CMD was ended`,
    }
  } catch (error) {
    if (error instanceof CannotStartError) return cannotStart(error, program.file)
    if (isStopped(stop) && error === stop.reason) return stopped(stop)
    if (!(forever && error instanceof ElectError && error.retryable)) throw error
    terminal.note(`${error.message}; trying again`)
    return 'notStarted'
  }
}

function cannotStart({ code, message }: CannotStartError, file: string): RunEnd {
  return code === 'ENOENT'
    ? {
        how: 'cannotStart',
        exit: 'notFound',
        message: `'${escapeControls(file)}' was not found: check the name and PATH`,
      }
    : {
        how: 'cannotStart',
        exit: 'cannotRun',
        message: `'${escapeControls(file)}' cannot be run: ${message}`,
      }
}

/** Closes the candidate. If etcd does not confirm that, the lease runs out by itself. */
async function leave(candidate: Candidate, { terminal }: Context): Promise<void> {
  try {
    await candidate.close()
  } catch (error) {
    terminal.note(
      `etcd did not confirm that this candidate left; its lease runs out by itself (${(error as Error).message})`,
    )
  }
}

function checkGrace(graceMs: number | undefined, ttlS: number): number {
  const maxMs = maxGraceMs(ttlS)
  if (graceMs === undefined) return defaultGraceMs(ttlS)
  if (graceMs <= maxMs) return graceMs
  throw usageError(
    `--grace: expected at most half of the TTL, ${formatDuration(maxMs)}, got ${formatDuration(graceMs)}: raise --ttl, or a renewal that is a little late costs the leadership`,
  )
}

function stopped(stop: AbortSignal): RunEnd {
  return { how: 'stopped', signal: (stop.reason as SignalError).signal }
}

/** A function, because TypeScript would take the signal for unchanged between two checks. */
function isStopped(stop: AbortSignal): boolean {
  return stop.aborted
}
