// `elect list`: all elections, found by their keys.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { formatTable, escapeControls } from '../terminal/format.js'

export const list: CommandSpec = {
  name: 'list',
  summary: 'list all elections that have candidates',
  description: [
    'Lists the elections whose names begin with PREFIX, with their leaders. They are found by their keys: one of an election ends in the id of the lease that it is on. Locks of etcdctl are kept in the same way and are listed as well.',
  ],
  args: [{ name: 'PREFIX', description: 'what names begin with', kind: 'optional' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect list', what: 'needs the right to read all keys' },
    { command: 'elect list shard/ -o json', what: 'those below shard/' },
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
      terminal.note('no election has a candidate')
    }
    return exitCodes.ok
  },
}
