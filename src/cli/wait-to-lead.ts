// Campaigns for a command, for as long as its flags allow, and shows on a terminal that it waits.

import { type Candidate, type Etcd, type Leadership, Observer } from './library.js'
import type { CampaignRequest } from './campaign-request.js'
import type { Context } from './definition/command-spec.js'
import { CommandError } from './errors.js'
import { escapeControls, formatDuration } from './terminal/format.js'
import type { Terminal } from './terminal/terminal.js'

/**
 * Campaigns until the candidate is elected.
 *
 * @throws the reason of `stop`; a CommandError `notInTime`; an ElectError.
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
    const giveUpLate = (): void => {
      giveUp.abort(
        new CommandError(
          'notInTime',
          `waited ${formatDuration(waitMs)} for '${escapeControls(election)}' in vain: somebody else leads`,
        ),
      )
    }
    timers.push(setTimeout(giveUpLate, waitMs))
  }
  if (onlyIfFree) {
    const giveUpIfTaken = (): void => {
      // In the queue but not elected: another candidate is ahead.
      if (candidate.term === '' || candidate.leadership !== undefined) return
      giveUp.abort(
        new CommandError(
          'notInTime',
          `somebody else leads '${escapeControls(election)}', and --no-wait was given`,
        ),
      )
    }
    timers.push(setInterval(giveUpIfTaken, 10))
  }
  const status = showWaiting(etcd, election, terminal)
  try {
    return await candidate.campaign({ signal: AbortSignal.any([stop, giveUp.signal]) })
  } finally {
    for (const timer of timers) clearTimeout(timer)
    status.end()
  }
}

/** Keeps a status line that says who leads and how long the command has waited. */
function showWaiting(etcd: Etcd, election: string, terminal: Terminal): { end(): void } {
  if (!terminal.hasStatusLine) {
    terminal.detail(`waiting to lead '${escapeControls(election)}'`)
    return { end: () => undefined }
  }
  const startedAt = performance.now()
  const observer = new Observer(etcd, { election })
  // The observer only feeds the status line. When etcd fails, the campaign itself reports it.
  observer.start().catch(() => undefined)
  const timer = setInterval(() => {
    const { leader, candidates } = observer
    const who = leader === undefined ? 'nobody leads' : `${escapeControls(leader.name)} leads`
    const others = `${String(candidates.length)} in the queue`
    const time = formatDuration(performance.now() - startedAt)
    terminal.setStatusLine(
      `waiting to lead '${escapeControls(election)}': ${who}, ${others}, ${time}`,
    )
  }, 250)
  return {
    end: () => {
      clearInterval(timer)
      void observer.stop()
      terminal.clearStatusLine()
    },
  }
}
