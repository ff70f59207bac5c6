// How a command describes itself. The parser, the help, the man page and the completions are made
// from this, and docs/cli.md is checked against it.

import type { ExitName } from './exit-codes.js'
import type { Terminal } from '../terminal/terminal.js'

export interface ArgumentSpec {
  readonly name: string
  readonly description: string
  readonly kind: 'required' | 'optional' | 'rest'
  readonly choices?: readonly string[]
}

export interface OptionSpec {
  /** `-q, --quiet`, `--ttl <seconds>`. */
  readonly flags: string
  readonly description: string
  /** The environment variable that is read when the flag is missing. */
  readonly variable?: string
  readonly choices?: readonly string[]
  /** The default, in the words of the help. */
  readonly byDefault?: string
  /** The value is a path: shells complete it. */
  readonly isFile?: boolean
  /** Options that cannot be combined with this one, by their names in camel case. */
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
  /** Whether it talks to etcd, and so takes the connection flags. */
  readonly connects: boolean
  /** False when it prints no results of its own, and so has no `--output`. Default: true. */
  readonly hasResults?: boolean
  readonly examples: readonly Example[]
  /** The exit codes besides `ok`, `usage`, `internal`, `output` and those of the connection. */
  readonly exits: readonly ExitName[]
  /** Resolves with the exit code. */
  readonly run: (context: Context) => Promise<number>
}

/** What a command gets when it runs. */
export interface Context {
  readonly args: readonly string[]
  /** Values of flags, by the flags' names in camel case. */
  readonly options: Readonly<Record<string, unknown>>
  readonly env: NodeJS.ProcessEnv
  /** All commands, for `elect completion`. */
  readonly commands: readonly CommandSpec[]
  readonly terminal: Terminal
  /** Aborted when a signal asks the command to end. The reason is a `SignalError`. */
  readonly stop: AbortSignal
}
