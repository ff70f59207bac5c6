// What stands below the options in a command's help: examples and exit codes. It must not know the parser.

import { signalExitBase, exitCodes, exitMeanings, type ExitName } from './exit-codes.js'
import type { CommandSpec, Example } from './command-spec.js'

/** Where more is told than a help can hold. */
export const seeAlso = 'docs/cli.md and docs/operations.md of the package etcd-elect'

const always: readonly ExitName[] = ['ok', 'usage', 'internal', 'output']

/** Those that a command may end with, by number. */
export function exitNamesOf(spec: CommandSpec): ExitName[] {
  const own: ExitName[] = spec.connects ? ['unreachable', 'refused', 'denied'] : []
  return [...new Set([...always, ...own, ...spec.exits])].sort(
    (a, b) => exitCodes[a] - exitCodes[b],
  )
}

const overview: readonly Example[] = [
  { command: 'elect demo', what: 'see it work, without an etcd' },
  { command: 'elect run nightly -- ./report --all', what: 'one machine runs it, the others wait' },
  { command: 'elect observe nightly', what: 'follow who leads' },
  { command: 'elect doctor', what: 'is etcd as it has to be?' },
]

export function epilogue(spec?: CommandSpec): string {
  const lines = ['', 'Examples:', ...exampleLines(spec?.examples ?? overview)]
  if (spec === undefined) {
    lines.push('', "Each command has a help of its own: 'elect run --help'.")
  } else {
    lines.push('', 'Exit codes:')
    for (const name of exitNamesOf(spec)) {
      lines.push(`  ${String(exitCodes[name]).padEnd(5)}${exitMeanings[name]}`)
    }
    if (spec.name === 'run') {
      lines.push(`  other  that of CMD; ${String(signalExitBase)} + N when signal N ended it`)
    }
  }
  return lines.join('\n')
}

function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ command, what }) => [`  # ${what}`, `  ${command}`])
}

export function synopsis({ name, args }: CommandSpec): string {
  const shapes = args.map(({ name: arg, kind }) =>
    kind === 'required' ? arg : kind === 'optional' ? `[${arg}]` : `-- ${arg} [ARG...]`,
  )
  return ['elect', name, '[options]', ...shapes].join(' ')
}
