// `elect list`: lists all elections.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { formatTable, escapeControls } from '../terminal/format.js'

export const list: CommandSpec = {
  name: 'list',
  summary: 'list all elections that have candidates',
  description: [
    'Lists the elections whose names begin with PREFIX, with their leaders. It finds them by their keys, each of which ends in the id of its lease. Locks of etcdctl have the same kind of keys and are listed as well.',
  ],
  args: [{ name: 'PREFIX', description: 'list only names that begin with this', kind: 'optional' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect list', what: 'all elections; needs the right to read all keys' },
    { command: 'elect list shard/ -o json', what: 'those whose names begin with shard/' },
  ],
  exits: [],
  run: async (context) => {
    const [{ connect }, { findElections }] = await Promise.all([
      import('../connect.js'),
      import('../find-elections.js'),
    ])
    const { stop, terminal, args } = context
    await using etcd = connect(context)
    const found = await findElections(etcd.api, args[0] ?? '', stop)
    if (terminal.isJson) {
      for (const { election, leader, candidates } of found) {
        terminal.result('', { election, leader, candidates })
      }
    } else if (found.length > 0) {
      const rows = found.map(({ election, leader, candidates }) => [
        escapeControls(election),
        escapeControls(leader.name),
        String(leader.fencingToken),
        String(candidates),
      ])
      terminal.out(formatTable([['ELECTION', 'LEADER', 'TOKEN', 'CANDIDATES'], ...rows]))
    } else {
      terminal.note('no election has candidates')
    }
    return exitCodes.ok
  },
}
