// The exit codes of the command. The help, the man page and the check of docs/cli.md use this list.

/** Scripts rely on these. From 64 on they follow sysexits.h where it has a matching code. */
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

/** One sentence each, without a full stop. */
export const exitMeanings: Readonly<Record<ExitName, string>> = {
  ok: 'done, or ended by SIGINT or SIGTERM where the command runs until a signal',
  no: 'the answer is no: nobody leads, not the leader (any more), doctor found something wrong',
  usage: 'the command line or a variable is wrong; nothing was done',
  unreachable: 'etcd could not be reached or did not answer in time',
  internal: 'elect itself failed: a bug, or no process could be started',
  output: 'the output could not be written: disk full, for instance',
  notInTime: 'somebody else leads: not elected in the time given',
  refused: 'etcd refused the request: out of space, too large, too many requests',
  denied: 'etcd rejects the user, password or certificate, or the user lacks a right',
  lost: 'leadership was lost, and CMD was ended because of that',
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
