// Runs the command for one term, and sends renewals and signals to its keeper. It must not decide
// when the command has to end: the keeper does, by schedule.ts, and still can when this process is
// dead or stopped.

import type { Leadership, Lease } from '../library.js'
import type { Terminal } from '../terminal/terminal.js'
import { isInBackground } from './background.js'
import { now } from './keeper/clocks.js'
import type { KeeperSupervisor } from './keeper/supervisor.js'
import type { CommandEnd } from './keeper/protocol.js'
import type { LeadershipDeadline } from './keeper/schedule.js'

export interface Program {
  readonly election: string
  readonly file: string
  readonly args: readonly string[]
  readonly graceMs: number
  readonly env: NodeJS.ProcessEnv
}

/** Forwarded to the command and everything it started. */
const forwardedSignals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
  'SIGCONT',
] as const

/**
 * Resolves when the command is gone with everything it started.
 *
 * @throws CannotStartError, KeeperDiedError
 */
export async function runDuring(
  leadership: Leadership,
  lease: Lease,
  program: Program,
  keeper: KeeperSupervisor,
  terminal: Terminal,
): Promise<CommandEnd> {
  const undo: (() => void)[] = []
  const on = (signal: NodeJS.Signals, listener: () => void): void => {
    process.on(signal, listener)
    undo.push(() => process.off(signal, listener))
  }
  const renew = (): void => {
    keeper.renew(deadlineOf(leadership))
  }
  undo.push(lease.listen({ renewed: renew, lost: () => undefined }))
  const lost = (): void => {
    keeper.kill()
  }
  const ended = keeper.run(
    () => ({
      file: program.file,
      args: program.args,
      env: {
        ...program.env,
        ELECT_ELECTION: program.election,
        ELECT_NAME: leadership.name,
        ELECT_TERM: leadership.term,
        ELECT_FENCING_TOKEN: String(leadership.fencingToken),
      },
      stdin: isInBackground() ? 'ignore' : 'inherit',
      graceMs: program.graceMs,
      deadline: deadlineOf(leadership),
    }),
    {
      started: (pid) => {
        terminal.detail(`CMD runs as process ${String(pid)}`)
        // The term ended before the command started, and the order to kill came first.
        if (leadership.signal.aborted) keeper.kill()
      },
      late: () => {
        terminal.detail('no renewal in time: CMD is asked to stop')
      },
    },
  )
  leadership.signal.addEventListener('abort', lost, { once: true })
  undo.push(() => {
    leadership.signal.removeEventListener('abort', lost)
  })
  for (const signal of forwardedSignals) {
    on(signal, () => {
      void keeper.signal(signal)
    })
  }
  // The terminal stops this process, but not the command, which is in a session of its own.
  on('SIGTSTP', () => {
    void keeper.signal('SIGSTOP').then(() => process.kill(process.pid, 'SIGSTOP'))
  })
  try {
    return await ended
  } finally {
    for (const step of undo) step()
  }
}

/** Reads the clocks first: a stop in between then makes the deadline earlier, and not later. */
function deadlineOf(leadership: Leadership): LeadershipDeadline {
  const { monotonicMs, wallMs } = now()
  const leftMs = leadership.remainingMs()
  return { monotonicMs: monotonicMs + leftMs, wallMs: wallMs + leftMs }
}
