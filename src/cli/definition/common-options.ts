// The flags that (nearly) all commands have: what they print, and in which form.

import type { CommandSpec, OptionSpec } from './command-spec.js'

const output: OptionSpec = {
  flags: '-o, --output <format>',
  description:
    'text for people; json for programs: one object per line, 64-bit integers as strings',
  choices: ['text', 'json'],
  byDefault: 'text',
}

const verbosity: readonly OptionSpec[] = [
  {
    flags: '-q, --quiet',
    description: 'print only results and errors',
    conflicts: ['verbose'],
  },
  { flags: '-v, --verbose', description: 'print more about what is going on' },
]

/** Commands without results of their own have no `--output`. */
export function commonOptionsOf({ hasResults = true }: CommandSpec): readonly OptionSpec[] {
  return hasResults ? [output, ...verbosity] : verbosity
}
