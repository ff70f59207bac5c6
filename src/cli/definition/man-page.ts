// The man page, made from what the commands say of themselves. It is written by scripts/build-cli.mjs.

import { commands } from '../commands/index.js'
import { commonOptionsOf } from './common-options.js'
import { connectionOptions } from './connection-options.js'
import { signalExitBase, exitCodes, exitMeanings, type ExitName } from './exit-codes.js'
import { seeAlso, synopsis } from './help.js'
import type { CommandSpec, OptionSpec } from './command-spec.js'

/** Text in which nothing is taken for a request of roff. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
}

function option({ flags, description, byDefault, variable, choices }: OptionSpec): string {
  const notes = [
    ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
    ...(byDefault === undefined ? [] : [`Default: ${byDefault}.`]),
    ...(variable === undefined ? [] : [`Variable: ${variable}.`]),
  ]
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}.`
  return `.TP\n\\fB${text(flags)}\\fR\n${text([sentence, ...notes].join(' '))}`
}

function section(spec: CommandSpec): string {
  const { name, summary, description, args, options, examples } = spec
  return [
    `.SS ${text(`elect ${name}: ${summary}`)}`,
    `.B ${text(synopsis(spec))}`,
    ...description.map((paragraph) => `.PP\n${text(paragraph)}`),
    ...args.map(({ name: arg, description: what, choices }) => {
      const oneOf = choices === undefined ? '' : ` (${choices.join(', ')})`
      return `.TP\n\\fI${text(arg)}\\fR\n${text(`${what}${oneOf}`)}`
    }),
    ...options.map(option),
    '.PP\nExamples:',
    ...examples.map(
      ({ command, what }) => `.PP\n.nf\n.RS\n${text(`# ${what}`)}\n${text(command)}\n.RE\n.fi`,
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
    ...specs.map((spec) => `.B ${text(synopsis(spec))}\n.br`),
    '.SH COMMANDS',
    ...specs.map(section),
    '.SH "WHICH ETCD"',
    'All commands that talk to an etcd take these, as etcdctl does. A flag wins over its variable.',
    ...connectionOptions.map(option),
    '.SH "COMMON OPTIONS"',
    ...(withResults === undefined ? [] : commonOptionsOf(withResults).map(option)),
    '.TP\n\\fBNO_COLOR\\fR\nThis variable, set to anything, turns colours off. There are none but on a terminal.',
    '.SH "EXIT STATUS"',
    ...(Object.keys(exitCodes) as ExitName[]).map(
      (name) => `.TP\n${String(exitCodes[name])}\n${text(exitMeanings[name])}`,
    ),
    `.TP\n${String(signalExitBase)}+N\n${text('ended by signal N before there was anything to do; of elect run also: CMD was ended by signal N')}`,
    '.SH "SEE ALSO"',
    `.BR etcd (1),\n.BR etcdctl (1).\n${text(seeAlso)}`,
  ].join('\n')}\n`
}

export const manPage = makeManPage(commands)
