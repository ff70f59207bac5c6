// `elect observe`: prints a line for every change of the leader.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { leaderToJson, formatLeader } from '../terminal/format-leader.js'

export const observe: CommandSpec = {
  name: 'observe',
  summary: 'follow who leads, one line per change',
  description: [
    'Prints who leads ELECTION, then a line for every change, until SIGINT or SIGTERM comes. It prints a line also when nobody leads any more. When changes follow each other quickly it may skip some, but never the last one.',
  ],
  args: [{ name: 'ELECTION', description: 'the name of the election', kind: 'required' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect observe nightly-report', what: 'for people' },
    {
      command: 'elect observe nightly-report -o json | jq -r \'.leader.name // "nobody"\'',
      what: 'names only',
    },
  ],
  exits: [],
  run: async (context) => {
    const [{ connect }, { Observer }] = await Promise.all([
      import('../connect.js'),
      import('../library.js'),
    ])
    const { stop, terminal, args } = context
    const election = args[0] ?? ''
    await using etcd = connect(context)
    await using observer = new Observer(etcd, { election })
    try {
      await observer.start({ signal: stop })
      for await (const leader of observer) {
        const { revision } = observer
        terminal.result(formatLeader(leader), { election, leader: leaderToJson(leader), revision })
      }
    } catch (error) {
      if (!stop.aborted) throw error
    }
    return exitCodes.ok
  },
}
