// Getting leadership for a command that needs it: waiting for as long as it may, and showing on a terminal that it waits.
// It must not know what is done with it.

import { hostname } from 'node:os'
import { type Candidate, type Etcd, type Leadership, Observer } from './library.js'
import { parseDuration, parseInteger } from './duration.js'
import { CommandFailure, usage } from './failure.js'
import { defaultTtlS } from './definition/campaign-options.js'
import type { Context } from './definition/spec.js'
import { duration, visible } from './terminal/table.js'
import type { Terminal } from './terminal/terminal.js'

const longestTtlS = 9_000_000_000

export interface CampaignFlags {
  readonly name?: string
  readonly ttl?: string
  /** False: `--no-wait`. */
  readonly wait?: string | false
  readonly lockDelay?: true
}

export interface CampaignRequest {
  readonly election: string
  readonly name: string
  readonly ttlS: number
  /** Undefined: for as long as it takes. */
  readonly waitMs: number | undefined
  readonly onlyIfFree: boolean
  /** Outwait whoever led before. */
  readonly lockDelay: boolean
}

/**
 * @throws a usage failure.
 */
export function campaignRequestOf({ args, options }: Context): CampaignRequest {
  const { name, ttl, wait, lockDelay = false } = options as CampaignFlags
  if (name === '') throw usage("--name: expected a name, got ''")
  if (lockDelay && wait === false) {
    throw usage('--lock-delay: cannot stand beside --no-wait, because it waits')
  }
  return {
    lockDelay,
    election: args[0] ?? '',
    name: name ?? hostname(),
    ttlS: ttl === undefined ? defaultTtlS : parseInteger('--ttl', ttl, 1, longestTtlS),
    waitMs: typeof wait === 'string' ? parseDuration('--wait', wait) : undefined,
    onlyIfFree: wait === false,
  }
}

/**
 * @throws the reason of `stop`; a failure `notInTime`; an ElectError.
 */
export async function waitToLead(
  candidate: Candidate,
  { waitMs, onlyIfFree }: CampaignRequest,
  { stop, terminal }: Pick<Context, 'stop' | 'terminal'>,
  etcd: Etcd,
): Promise<Leadership> {
  const { election } = candidate
  const giveUp = new AbortController()
  const timers: NodeJS.Timeout[] = []
  if (waitMs !== undefined) {
    const late = (): void => {
      giveUp.abort(
        new CommandFailure(
          'notInTime',
          `waited ${duration(waitMs)} for '${visible(election)}' in vain: somebody else leads`,
        ),
      )
    }
    timers.push(setTimeout(late, waitMs))
  }
  if (onlyIfFree) {
    const look = (): void => {
      // In the queue, and not elected: somebody is before us.
      if (candidate.term === '' || candidate.leadership !== undefined) return
      giveUp.abort(
        new CommandFailure(
          'notInTime',
          `somebody else leads '${visible(election)}', and --no-wait was given`,
        ),
      )
    }
    timers.push(setInterval(look, 10))
  }
  const shown = show(etcd, election, terminal)
  try {
    return await candidate.campaign({ signal: AbortSignal.any([stop, giveUp.signal]) })
  } finally {
    for (const timer of timers) clearTimeout(timer)
    shown.end()
  }
}

/** A line that tells whom it waits for, and for how long. */
function show(etcd: Etcd, election: string, terminal: Terminal): { end(): void } {
  if (!terminal.moves) {
    terminal.detail(`waiting to lead '${visible(election)}'`)
    return { end: () => undefined }
  }
  const startedAt = performance.now()
  const observer = new Observer(etcd, { election })
  // It is only for looking on: whoever campaigns is told what is wrong.
  observer.start().catch(() => undefined)
  const timer = setInterval(() => {
    const { leader, candidates } = observer
    const who = leader === undefined ? 'nobody leads' : `${visible(leader.name)} leads`
    const others = `${String(candidates.length)} in the queue`
    const time = duration(performance.now() - startedAt)
    terminal.moving(`waiting to lead '${visible(election)}': ${who}, ${others}, ${time}`)
  }, 250)
  return {
    end: () => {
      clearInterval(timer)
      void observer.stop()
      terminal.stopMoving()
    },
  }
}
