// `elect leader`: who leads now.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/spec.js'
import { visible } from '../terminal/table.js'
import { leaderJson, leaderLine } from '../terminal/leader-text.js'

export const leader: CommandSpec = {
  name: 'leader',
  summary: 'print the name of the leader',
  description: [
    'Asks etcd who leads ELECTION (a linearizable read) and prints the name; with --verbose, term and fencing token as well. The exit code tells whether there is a leader.',
  ],
  args: [{ name: 'ELECTION', description: 'what is contested', kind: 'required' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect leader nightly-report', what: 'its name' },
    {
      command: 'elect leader nightly-report -q || echo "nobody leads"',
      what: 'for the exit code alone, add > /dev/null',
    },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connect }, { checkElection, readLeader }] = await Promise.all([
      import('../connection.js'),
      import('../library.js'),
    ])
    const { stop, terminal, args } = context
    const election = checkElection(args[0])
    await using etcd = connect(context)
    const found = await readLeader(etcd.api, election, { signal: stop })
    if (found === undefined) {
      if (terminal.isJson) terminal.result('', { election, leader: null })
      else terminal.note(`nobody leads '${visible(election)}'`)
      return exitCodes.no
    }
    const text = terminal.isVerbose ? leaderLine(found) : visible(found.name)
    terminal.result(text, { election, leader: leaderJson(found) })
    return exitCodes.ok
  },
}
