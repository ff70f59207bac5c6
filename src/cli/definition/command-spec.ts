// How a command describes itself: the parser, the help, the man page, the completions and docs/cli.md are all made from
// this. It holds types only.

import type { ExitName } from './exit-codes.js'
import type { Terminal } from '../terminal/terminal.js'

export interface ArgumentSpec {
  readonly name: string
  readonly description: string
  readonly kind: 'required' | 'optional' | 'rest'
  readonly choices?: readonly string[]
}

export interface OptionSpec {
  /** As in `-q, --quiet` or `--ttl <seconds>`. */
  readonly flags: string
  readonly description: string
  /** The variable that is read when the flag is not given. */
  readonly variable?: string
  readonly choices?: readonly string[]
  /** What holds when neither is given, as it stands in the help. */
  readonly byDefault?: string
  /** The file that it names is completed by the shell. */
  readonly isFile?: boolean
  /** Attribute names of options that cannot stand beside it. */
  readonly conflicts?: readonly string[]
}

export interface Example {
  readonly command: string
  readonly what: string
}

export interface CommandSpec {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly args: readonly ArgumentSpec[]
  readonly options: readonly OptionSpec[]
  /** Whether it talks to an etcd, and takes the flags that say which. */
  readonly connects: boolean
  /** False when its output is somebody else's; then there is no `--output`. Default: true. */
  readonly hasResults?: boolean
  readonly examples: readonly Example[]
  /** Those that it may end with besides `ok`, `usage`, `internal` and `output`. */
  readonly exits: readonly ExitName[]
  /** Resolves with the exit code. */
  readonly run: (context: Context) => Promise<number>
}

/** What a command is given when it is run. */
export interface Context {
  readonly args: readonly string[]
  /** By the names that the flags have in camel case. */
  readonly options: Readonly<Record<string, unknown>>
  readonly env: NodeJS.ProcessEnv
  /** All commands there are, for the one that completes them. */
  readonly commands: readonly CommandSpec[]
  readonly terminal: Terminal
  /** Aborted when the user or the system asks the command to end; the reason is a `SignalError`. */
  readonly stop: AbortSignal
}
