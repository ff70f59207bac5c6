// Makes the man page from the specs of the commands. scripts/build-cli.mjs writes it to a file.

import { commands } from '../commands/index.js'
import { commonOptionsOf } from './common-options.js'
import { connectionOptions } from './connection-options.js'
import { signalExitBase, exitCodes, exitMeanings, type ExitName } from './exit-codes.js'
import { seeAlso, synopsis } from './help.js'
import type { CommandSpec, OptionSpec } from './command-spec.js'

/** Escapes text so that roff takes nothing in it for a request. */
function escapeRoff(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
}

function optionEntry({ flags, description, byDefault, variable, choices }: OptionSpec): string {
  const notes = [
    ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
    ...(byDefault === undefined ? [] : [`Default: ${byDefault}.`]),
    ...(variable === undefined ? [] : [`Variable: ${variable}.`]),
  ]
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}.`
  return `.TP\n\\fB${escapeRoff(flags)}\\fR\n${escapeRoff([sentence, ...notes].join(' '))}`
}

function commandSection(spec: CommandSpec): string {
  const { name, summary, description, args, options, examples } = spec
  return [
    `.SS ${escapeRoff(`elect ${name}: ${summary}`)}`,
    `.B ${escapeRoff(synopsis(spec))}`,
    ...description.map((paragraph) => `.PP\n${escapeRoff(paragraph)}`),
    ...args.map(({ name: arg, description: what, choices }) => {
      const oneOf = choices === undefined ? '' : ` (${choices.join(', ')})`
      return `.TP\n\\fI${escapeRoff(arg)}\\fR\n${escapeRoff(`${what}${oneOf}`)}`
    }),
    ...options.map(optionEntry),
    '.PP\nExamples:',
    ...examples.map(
      ({ command, what }) =>
        `.PP\n.nf\n.RS\n${escapeRoff(`# ${what}`)}\n${escapeRoff(command)}\n.RE\n.fi`,
    ),
  ].join('\n')
}

const [withResults] = commands.filter(({ hasResults }) => hasResults !== false)

function makeManPage(specs: readonly CommandSpec[]): string {
  return `${[
    '.TH ELECT 1 "" "etcd\\-elect" "User Commands"',
    '.SH NAME',
    'elect \\- leadership for any program, and for operators: leader election on etcd',
    '.SH SYNOPSIS',
    ...specs.map((spec) => `.B ${escapeRoff(synopsis(spec))}\n.br`),
    '.SH COMMANDS',
    ...specs.map(commandSection),
    '.SH "WHICH ETCD"',
    'All commands that talk to an etcd take these flags of etcdctl. A flag wins over its variable.',
    ...connectionOptions.map(optionEntry),
    '.SH "COMMON OPTIONS"',
    ...(withResults === undefined ? [] : commonOptionsOf(withResults).map(optionEntry)),
    '.TP\n\\fBNO_COLOR\\fR\nThis variable, set to anything, turns colours off. Only a terminal gets colours.',
    '.SH "EXIT STATUS"',
    ...(Object.keys(exitCodes) as ExitName[]).map(
      (name) => `.TP\n${String(exitCodes[name])}\n${escapeRoff(exitMeanings[name])}`,
    ),
    `.TP\n${String(signalExitBase)}+N\n${escapeRoff('signal N ended elect while it waited, or, of elect run, signal N ended CMD')}`,
    '.SH "SEE ALSO"',
    `.BR etcd (1),\n.BR etcdctl (1).\n${escapeRoff(seeAlso)}`,
  ].join('\n')}\n`
}

export const manPage = makeManPage(commands)
