// The completion scripts, made from what the commands say of themselves. They ask nobody while they complete.

import { commonOptionsOf } from './common-options.js'
import { connectionOptions } from './connection-options.js'
import type { CommandSpec, OptionSpec } from './command-spec.js'

export function completionScript(
  shell: 'bash' | 'zsh' | 'fish',
  commands: readonly CommandSpec[],
): string {
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
    default:
      return shell satisfies never
  }
}

const help: OptionSpec = { flags: '-h, --help', description: 'show this help' }

function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [
    ...spec.options,
    ...(spec.connects ? connectionOptions : []),
    ...commonOptionsOf(spec),
    help,
  ]
}

interface Flag {
  readonly short: string | undefined
  readonly long: string
  readonly takesValue: boolean
}

function flagOf({ flags }: OptionSpec): Flag {
  const [, short, long = '', value] = /^(?:-(\w), )?--([\w-]+)(?: (.*))?$/.exec(flags) ?? []
  return { short, long, takesValue: value !== undefined }
}

function wordsOf(option: OptionSpec): string[] {
  const { short, long } = flagOf(option)
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`]
}

/** The values that the first argument of a command may have, if they are known. */
function choicesOf({ args }: CommandSpec): readonly string[] {
  return args[0]?.choices ?? []
}

/** In single quotes, for all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}

function bash(commands: readonly CommandSpec[]): string {
  const cases = commands.map((spec) => {
    const words = [...optionsOf(spec).flatMap(wordsOf), ...choicesOf(spec)]
    return `    ${spec.name}) words=${quoted(words.join(' '))} ;;`
  })
  const all = commands.flatMap(optionsOf)
  const files = new Set(all.filter(({ isFile }) => isFile).flatMap(wordsOf))
  const chosen = new Map(
    all.flatMap((option) =>
      option.choices === undefined
        ? []
        : [[wordsOf(option).join('|'), option.choices.join(' ')] as const],
    ),
  )
  return `# bash completion for elect
_elect() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words index
  COMPREPLY=()
  # What comes after -- belongs to another program.
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == -- ]]; then
      COMPREPLY=($(compgen -f -- "$current"))
      return
    fi
  done
  case $previous in
    ${[...files].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
${[...chosen].map(([flags, choices]) => `    ${flags}) COMPREPLY=($(compgen -W ${quoted(choices)} -- "$current")); return ;;`).join('\n')}
  esac
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted([...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    help) words=${quoted(commands.map(({ name }) => name).join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _elect elect`
}

function zsh(commands: readonly CommandSpec[]): string {
  const bracket = (text: string): string =>
    text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', '\\:')
  const lines = commands.map((spec) => {
    const options = optionsOf(spec).map((option) => {
      const { takesValue } = flagOf(option)
      const value = !takesValue
        ? ''
        : option.isFile === true
          ? ':file:_files'
          : `:value:${option.choices === undefined ? ' ' : `(${option.choices.join(' ')})`}`
      const words = wordsOf(option)
      const what = `[${bracket(option.description)}]${value}`
      return words.map((word) => quoted(`(${words.join(' ')})${word}${what}`)).join(' ')
    })
    const args = spec.args.map(({ name, kind, choices }) => {
      const values = choices === undefined ? ' ' : `(${choices.join(' ')})`
      return quoted(kind === 'rest' ? '*:::command:_normal' : `:${name}:${values}`)
    })
    return `    ${spec.name}) _arguments -s ${[...options, ...args].join(' ')} ;;`
  })
  return `#compdef elect
# zsh completion for elect
_elect() {
  if ((CURRENT == 2)); then
    local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')})
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${lines.join('\n')}
  esac
}
compdef _elect elect`
}

function fish(commands: readonly CommandSpec[]): string {
  const lines = commands.flatMap((spec) => {
    const inCommand = `complete -c elect -n '__fish_seen_subcommand_from ${spec.name}'`
    return [
      `complete -c elect -n __fish_use_subcommand -f -a ${spec.name} -d ${quoted(spec.summary)}`,
      ...(choicesOf(spec).length === 0
        ? []
        : [`${inCommand} -f -a ${quoted(choicesOf(spec).join(' '))}`]),
      ...optionsOf(spec).map((option) => {
        const { short, long, takesValue } = flagOf(option)
        const choices =
          option.choices === undefined ? '' : ` -f -a ${quoted(option.choices.join(' '))}`
        const value = !takesValue ? '' : option.isFile === true ? ' -r -F' : ` -x${choices}`
        const flag = short === undefined ? `-l ${long}` : `-s ${short} -l ${long}`
        return `${inCommand} ${flag}${value} -d ${quoted(option.description)}`
      }),
    ]
  })
  return `# fish completion for elect\ncomplete -c elect -f\n${lines.join('\n')}`
}
