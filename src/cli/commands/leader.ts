// `elect leader`: prints who leads now.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { escapeControls } from '../terminal/format.js'
import { leaderToJson, formatLeader } from '../terminal/format-leader.js'

export const leader: CommandSpec = {
  name: 'leader',
  summary: 'print the name of the leader',
  description: [
    'Asks etcd who leads ELECTION (a linearizable read) and prints the name; with --verbose, also the term and the fencing token. The exit code says whether there is a leader.',
  ],
  args: [{ name: 'ELECTION', description: 'the name of the election', kind: 'required' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect leader nightly-report', what: 'print its name' },
    {
      command: 'elect leader nightly-report -q || echo "nobody leads"',
      what: 'add > /dev/null to use only the exit code',
    },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connect }, { checkElection, readLeader }] = await Promise.all([
      import('../connect.js'),
      import('../library.js'),
    ])
    const { stop, terminal, args } = context
    const election = checkElection(args[0])
    await using etcd = connect(context)
    const found = await readLeader(etcd.api, election, { signal: stop })
    if (found === undefined) {
      if (terminal.isJson) terminal.result('', { election, leader: null })
      else terminal.note(`nobody leads '${escapeControls(election)}'`)
      return exitCodes.no
    }
    const text = terminal.isVerbose ? formatLeader(found) : escapeControls(found.name)
    terminal.result(text, { election, leader: leaderToJson(found) })
    return exitCodes.ok
  },
}
