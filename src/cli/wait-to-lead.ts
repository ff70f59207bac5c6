// Waits until a command leads, for as long as its flags allow, and shows on a terminal that it waits.

import { type Candidate, type Etcd, type Leadership, Observer } from './library.js'
import type { CampaignRequest } from './campaign-request.js'
import type { Context } from './definition/command-spec.js'
import { CommandError } from './errors.js'
import { escapeControls, formatDuration } from './terminal/format.js'
import type { Terminal } from './terminal/terminal.js'

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
        new CommandError(
          'notInTime',
          `waited ${formatDuration(waitMs)} for '${escapeControls(election)}' in vain: somebody else leads`,
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
        new CommandError(
          'notInTime',
          `somebody else leads '${escapeControls(election)}', and --no-wait was given`,
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
  if (!terminal.hasStatusLine) {
    terminal.detail(`waiting to lead '${escapeControls(election)}'`)
    return { end: () => undefined }
  }
  const startedAt = performance.now()
  const observer = new Observer(etcd, { election })
  // It is only for looking on: whoever campaigns is told what is wrong.
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
