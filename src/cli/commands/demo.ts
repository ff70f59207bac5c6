// `elect demo`: shows an election of three processes.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'see it work: three machines, one leader',
  description: [
    'Starts an etcd in memory and three times elect run on it, kills the leader, has the next one step down, and prints who takes over and when. It needs nothing and leaves nothing behind.',
  ],
  args: [],
  options: [],
  connects: false,
  hasResults: false,
  examples: [{ command: 'elect demo', what: 'takes a second or two' }],
  exits: [],
  run: async ({ stop, terminal }) => {
    const { runDemo } = await import('../demo/run-demo.js')
    await runDemo(terminal, stop)
    return exitCodes.ok
  },
}
