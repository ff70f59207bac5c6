// The exit codes of the command, each said once: the help, the man page and docs/cli.md take them from here.
// It imports nothing.

/** What a script can rely on. Codes from 64 up are those of sysexits.h where that has one. */
export const exitCodes = {
  ok: 0,
  no: 1,
  usage: 64,
  unreachable: 69,
  internal: 70,
  output: 74,
  notInTime: 75,
  refused: 76,
  denied: 77,
  lost: 79,
  cannotRun: 126,
  notFound: 127,
} as const

export type ExitName = keyof typeof exitCodes

/** What each means, in one sentence without a full stop. */
export const exitMeanings: Readonly<Record<ExitName, string>> = {
  ok: 'done, or ended by SIGINT or SIGTERM where waiting for that is the job',
  no: 'the answer is no: nobody leads, not the leader (any more), doctor found something wrong',
  usage: 'the command line or a variable is not what it has to be; nothing was done',
  unreachable: 'etcd could not be reached or did not answer in time',
  internal: 'elect itself failed: a bug, or no process could be started',
  output: 'what was to be written could not be: disk full, for instance',
  notInTime: 'somebody else leads: leadership could not be got in the time given',
  refused: 'etcd refused the request: out of space, too large, too many requests',
  denied: 'etcd does not accept user, password or certificate, or the user lacks the right',
  lost: 'leadership was lost, and CMD was ended because of it',
  cannotRun: 'CMD was found but cannot be run',
  notFound: 'CMD was not found',
}

/** Shells report a program that signal N ended as 128 + N. */
export const signalExitBase = 128

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGPIPE: 13,
  SIGTERM: 15,
}

/** The exit code of a command or program that this signal ended. */
export function signalExitCode(signal: NodeJS.Signals, numbers = signalNumbers): number {
  return signalExitBase + (numbers[signal] ?? 0)
}
