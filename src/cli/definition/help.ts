// The help below a command's options: examples and exit codes.

import { signalExitBase, exitCodes, exitMeanings, type ExitName } from './exit-codes.js'
import type { CommandSpec, Example } from './command-spec.js'

/** Where the help refers to for more. */
export const seeAlso = 'docs/cli.md and docs/operations.md of the package etcd-elect'

const commonExits: readonly ExitName[] = ['ok', 'usage', 'internal', 'output']

/** The exit codes that a command may end with, in order. */
export function exitNamesOf(spec: CommandSpec): ExitName[] {
  const ofConnection: ExitName[] = spec.connects ? ['unreachable', 'refused', 'denied'] : []
  return [...new Set([...commonExits, ...ofConnection, ...spec.exits])].sort(
    (a, b) => exitCodes[a] - exitCodes[b],
  )
}

const overviewExamples: readonly Example[] = [
  { command: 'elect demo', what: 'see it work, without an etcd' },
  {
    command: 'elect run nightly -- ./report --all',
    what: 'run it on one computer while the others wait',
  },
  { command: 'elect observe nightly', what: 'follow who leads' },
  { command: 'elect doctor', what: 'check that etcd is fit for elections' },
]

export function epilogue(spec?: CommandSpec): string {
  const lines = ['', 'Examples:', ...exampleLines(spec?.examples ?? overviewExamples)]
  if (spec === undefined) {
    lines.push('', "Each command has its own help: 'elect run --help'.")
  } else {
    lines.push('', 'Exit codes:')
    for (const name of exitNamesOf(spec)) {
      lines.push(`  ${String(exitCodes[name]).padEnd(5)}${exitMeanings[name]}`)
    }
    if (spec.name === 'run') {
      lines.push(
        `  other  the exit code of CMD; ${String(signalExitBase)} + N when signal N ended CMD`,
      )
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
