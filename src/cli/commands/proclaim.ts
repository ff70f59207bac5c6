// `elect proclaim`: changes the name of the leader.

import { exitCodes } from '../definition/exit-codes.js'
import { CommandError } from '../errors.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { escapeControls } from '../terminal/format.js'
import { leaderToJson, formatLeader } from '../terminal/format-leader.js'

export const proclaim: CommandSpec = {
  name: 'proclaim',
  summary: 'change the name under which others see the leader',
  description: [
    'Changes the name of the leader of ELECTION, which observers and elect leader show: a place for an address or a state. When another candidate leads by then, nothing is changed.',
    'In the CMD of elect run ELECTION it renames the leader only in the term of that CMD: when that term is over, nothing is changed and the exit code is 1.',
  ],
  args: [
    { name: 'ELECTION', description: 'the name of the election', kind: 'required' },
    { name: 'NAME', description: 'the new name', kind: 'required' },
  ],
  options: [],
  connects: true,
  examples: [
    {
      command: 'elect run api -- sh -c \'elect proclaim api "http://$HOSTNAME:80" && exec ./api\'',
      what: 'a program that publishes its address',
    },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connect }, { checkElection, checkName, readLeader }, { mayActOnTerm, renameLeader }] =
      await Promise.all([
        import('../connect.js'),
        import('../library.js'),
        import('../operator-actions.js'),
      ])
    const { stop: signal, terminal, args, env } = context
    const election = checkElection(args[0])
    const name = checkName(args[1])
    await using etcd = connect(context)
    const leader = await readLeader(etcd.api, election, { signal })
    if (leader === undefined)
      throw new CommandError('no', `nobody leads '${escapeControls(election)}'`)
    const mayRename = mayActOnTerm(env, election, leader)
    if (!mayRename || !(await renameLeader(etcd.api, election, leader, name, signal))) {
      const why = mayRename
        ? 'another candidate leads by now'
        : `the term of this CMD is over: ${formatLeader(leader)}`
      throw new CommandError('no', `${why}; nothing was changed`)
    }
    const renamed = { ...leader, name }
    terminal.result(formatLeader(renamed), { election, leader: leaderToJson(renamed) })
    return exitCodes.ok
  },
}
