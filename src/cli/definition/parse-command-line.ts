// Parses a command line by the specs of the commands.

import { Argument, Command, CommanderError, Option } from 'commander'
import { commonOptionsOf } from './common-options.js'
import { connectionOptions } from './connection-options.js'
import { usageError } from '../errors.js'
import { epilogue, synopsis } from './help.js'
import type { CommandSpec, OptionSpec } from './command-spec.js'

/** What the command line asks for. */
export type CommandLine =
  | {
      readonly ask: 'run'
      readonly spec: CommandSpec
      readonly args: readonly string[]
      readonly options: Readonly<Record<string, unknown>>
    }
  /** The help or the version. A command line without a command is a mistake, and shows the help. */
  | { readonly ask: 'show'; readonly text: string; readonly isMistake: boolean }

/**
 * @param argv the arguments, without node and the script.
 * @throws a usage error.
 */
export function parseCommandLine(
  specs: readonly CommandSpec[],
  version: string,
  argv: readonly string[],
): CommandLine {
  let request: CommandLine | undefined
  let shown = ''
  const output = {
    writeOut: (text: string) => (shown += text),
    writeErr: (text: string) => (shown += text),
    outputError: () => undefined,
  }
  const program = new Command('elect')
    .description('Leadership for any program, and for operators: leader election on etcd.')
    .usage('COMMAND [options]')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .version(version, '-V, --version', 'show the version')
    .exitOverride()
    .configureOutput(output)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', epilogue())
  for (const spec of specs) {
    const command = program
      .command(spec.name, { hidden: false })
      .summary(spec.summary)
      .description(spec.description.join('\n\n'))
      .usage(synopsis(spec).replace(`elect ${spec.name} `, ''))
      .helpOption('-h, --help', 'show this help')
      .configureOutput(output)
      .exitOverride()
      .addHelpText('after', epilogue(spec))
      .action(() => {
        request = { ask: 'run', spec, args: command.args, options: command.opts() }
      })
    for (const { name, description, kind, choices } of spec.args) {
      const shape = { required: `<${name}>`, optional: `[${name}]`, rest: `[${name}...]` }[kind]
      const argument = new Argument(shape, description)
      command.addArgument(choices === undefined ? argument : argument.choices([...choices]))
    }
    command.optionsGroup('Options:')
    for (const option of spec.options) command.addOption(toOption(option))
    if (spec.connects) {
      command.optionsGroup('Which etcd:')
      for (const option of connectionOptions) command.addOption(toOption(option))
    }
    command.optionsGroup('Common options:')
    for (const option of commonOptionsOf(spec)) command.addOption(toOption(option))
  }
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.help') {
      // A command line without a command shows the help too, as an error.
      return { ask: 'show', text: shown, isMistake: error.exitCode !== 0 }
    }
    if (error.exitCode === 0) return { ask: 'show', text: shown, isMistake: false }
    throw usageError(explainRefusal(error.message, argv))
  }
  if (request === undefined) throw usageError("no command was given: see 'elect --help'")
  return request
}

function toOption(spec: OptionSpec): Option {
  const notes = [
    ...(spec.byDefault === undefined ? [] : [`default: ${spec.byDefault}`]),
    ...(spec.variable === undefined ? [] : [`variable: ${spec.variable}`]),
  ]
  const description =
    notes.length === 0 ? spec.description : `${spec.description} (${notes.join(', ')})`
  const option = new Option(spec.flags, description)
  if (spec.choices !== undefined) option.choices([...spec.choices])
  if (spec.conflicts !== undefined) option.conflicts([...spec.conflicts])
  return option
}

/** The parser's message on one line, with the help to look at. */
function explainRefusal(message: string, argv: readonly string[]): string {
  const plain = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  const command = argv.find((arg) => !arg.startsWith('-'))
  const isFlag = plain.startsWith('unknown option')
  const hint = isFlag && command === 'run' ? "; the options of CMD come after '--'" : ''
  const help = command === undefined || plain.startsWith('unknown command') ? '' : ` ${command}`
  return `${plain}${hint}; see 'elect${help} --help'`
}
