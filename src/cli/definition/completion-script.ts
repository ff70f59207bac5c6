// Makes the completion scripts of bash, zsh and fish from the specs of the commands.

import { commonOptionsOf } from './common-options.js'
import { connectionOptions } from './connection-options.js'
import type { CommandSpec, OptionSpec } from './command-spec.js'

export function completionScript(
  shell: 'bash' | 'zsh' | 'fish',
  commands: readonly CommandSpec[],
): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      return zshScript(commands)
    case 'fish':
      return fishScript(commands)
    default:
      return shell satisfies never
  }
}

const helpOption: OptionSpec = { flags: '-h, --help', description: 'show this help' }

function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [
    ...spec.options,
    ...(spec.connects ? connectionOptions : []),
    ...commonOptionsOf(spec),
    helpOption,
  ]
}

interface Flag {
  readonly short: string | undefined
  readonly long: string
  readonly takesValue: boolean
}

function parseFlags({ flags }: OptionSpec): Flag {
  const [, short, long = '', value] = /^(?:-(\w), )?--([\w-]+)(?: (.*))?$/.exec(flags) ?? []
  return { short, long, takesValue: value !== undefined }
}

function wordsOf(option: OptionSpec): string[] {
  const { short, long } = parseFlags(option)
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`]
}

/** The values that a command's first argument may have, if they are known. */
function choicesOf({ args }: CommandSpec): readonly string[] {
  return args[0]?.choices ?? []
}

/** Puts text into single quotes, for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}

function bashScript(commands: readonly CommandSpec[]): string {
  const cases = commands.map((spec) => {
    const words = [...optionsOf(spec).flatMap(wordsOf), ...choicesOf(spec)]
    return `    ${spec.name}) words=${quote(words.join(' '))} ;;`
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
  # The words after -- belong to another program.
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == -- ]]; then
      COMPREPLY=($(compgen -f -- "$current"))
      return
    fi
  done
  case $previous in
    ${[...files].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
${[...chosen].map(([flags, choices]) => `    ${flags}) COMPREPLY=($(compgen -W ${quote(choices)} -- "$current")); return ;;`).join('\n')}
  esac
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quote([...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    help) words=${quote(commands.map(({ name }) => name).join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _elect elect`
}

function zshScript(commands: readonly CommandSpec[]): string {
  const bracket = (text: string): string =>
    text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', '\\:')
  const lines = commands.map((spec) => {
    const options = optionsOf(spec).map((option) => {
      const { takesValue } = parseFlags(option)
      const value = !takesValue
        ? ''
        : option.isFile === true
          ? ':file:_files'
          : `:value:${option.choices === undefined ? ' ' : `(${option.choices.join(' ')})`}`
      const words = wordsOf(option)
      const what = `[${bracket(option.description)}]${value}`
      return words.map((word) => quote(`(${words.join(' ')})${word}${what}`)).join(' ')
    })
    const args = spec.args.map(({ name, kind, choices }) => {
      const values = choices === undefined ? ' ' : `(${choices.join(' ')})`
      return quote(kind === 'rest' ? '*:::command:_normal' : `:${name}:${values}`)
    })
    return `    ${spec.name}) _arguments -s ${[...options, ...args].join(' ')} ;;`
  })
  return `#compdef elect
# zsh completion for elect
_elect() {
  if ((CURRENT == 2)); then
    local -a commands=(${commands.map(({ name, summary }) => quote(`${name}:${summary}`)).join(' ')})
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

function fishScript(commands: readonly CommandSpec[]): string {
  const lines = commands.flatMap((spec) => {
    const inCommand = `complete -c elect -n '__fish_seen_subcommand_from ${spec.name}'`
    return [
      `complete -c elect -n __fish_use_subcommand -f -a ${spec.name} -d ${quote(spec.summary)}`,
      ...(choicesOf(spec).length === 0
        ? []
        : [`${inCommand} -f -a ${quote(choicesOf(spec).join(' '))}`]),
      ...optionsOf(spec).map((option) => {
        const { short, long, takesValue } = parseFlags(option)
        const choices =
          option.choices === undefined ? '' : ` -f -a ${quote(option.choices.join(' '))}`
        const value = !takesValue ? '' : option.isFile === true ? ' -r -F' : ` -x${choices}`
        const flag = short === undefined ? `-l ${long}` : `-s ${short} -l ${long}`
        return `${inCommand} ${flag}${value} -d ${quote(option.description)}`
      }),
    ]
  })
  return `# fish completion for elect\ncomplete -c elect -f\n${lines.join('\n')}`
}
