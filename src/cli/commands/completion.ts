// `elect completion`: prints the completion script of a shell.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'

export const completion: CommandSpec = {
  name: 'completion',
  summary: 'print the completion script of a shell',
  description: [
    'Prints the script with which bash, zsh or fish completes commands, flags and their values.',
  ],
  args: [
    {
      name: 'SHELL',
      description: 'which shell',
      kind: 'required',
      choices: ['bash', 'zsh', 'fish'],
    },
  ],
  options: [],
  connects: false,
  hasResults: false,
  examples: [
    { command: 'source <(elect completion bash)', what: 'in ~/.bashrc' },
    { command: 'source <(elect completion zsh)', what: 'in ~/.zshrc, after compinit' },
    { command: 'elect completion fish | source', what: 'in ~/.config/fish/config.fish' },
  ],
  exits: [],
  run: async ({ args, commands, terminal }) => {
    const { completionScript } = await import('../definition/completion-script.js')
    terminal.out(completionScript(args[0] as 'bash' | 'zsh' | 'fish', commands))
    return exitCodes.ok
  },
}
