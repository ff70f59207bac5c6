// One term of `elect run`: the command runs for as long as the leadership lasts, and is told of renewals and signals by way
// of its keeper. It must not decide when the command has to end (schedule.ts does, in the keeper).

import type { Leadership, Lease } from '../library.js'
import type { Terminal } from '../terminal/terminal.js'
import { inputIsNotOurs } from './background.js'
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

/** Passed on to the command and everything it started. */
const passed = [
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
      stdin: inputIsNotOurs() ? 'ignore' : 'inherit',
      graceMs: program.graceMs,
      deadline: deadlineOf(leadership),
    }),
    {
      started: (pid) => {
        terminal.detail(`CMD runs as process ${String(pid)}`)
        // Lost before it was started: the order to kill went before the one to start.
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
  for (const signal of passed) {
    on(signal, () => {
      void keeper.signal(signal)
    })
  }
  // The terminal stops us and not the command, which is in a session of its own.
  on('SIGTSTP', () => {
    void keeper.signal('SIGSTOP').then(() => process.kill(process.pid, 'SIGSTOP'))
  })
  try {
    return await ended
  } finally {
    for (const step of undo) step()
  }
}

/** Read in this order, so that being stopped in between makes it earlier and not later. */
function deadlineOf(leadership: Leadership): LeadershipDeadline {
  const { monotonicMs, wallMs } = now()
  const leftMs = leadership.remainingMs()
  return { monotonicMs: monotonicMs + leftMs, wallMs: wallMs + leftMs }
}
