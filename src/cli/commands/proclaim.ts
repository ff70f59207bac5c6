// `elect proclaim`: changes the name that others see of the leader.

import { exitCodes } from '../definition/exit-codes.js'
import { CommandError } from '../errors.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { escapeControls } from '../terminal/format.js'
import { leaderToJson, formatLeader } from '../terminal/format-leader.js'

export const proclaim: CommandSpec = {
  name: 'proclaim',
  summary: 'change the name that others see of the leader',
  description: [
    'Gives whoever leads ELECTION another name, by which observers and elect leader see it: a place for an address or a state. Nothing is changed when another one leads meanwhile.',
    'Within a CMD of elect run, whose ELECT_ELECTION is ELECTION, it speaks for that term and no other one: when it is over, nothing is changed and the exit code is 1.',
  ],
  args: [
    { name: 'ELECTION', description: 'what is contested', kind: 'required' },
    { name: 'NAME', description: 'what others are to see', kind: 'required' },
  ],
  options: [],
  connects: true,
  examples: [
    {
      command: 'elect run api -- sh -c \'elect proclaim api "http://$HOSTNAME:80" && exec ./api\'',
      what: 'a program that tells where it is to be found',
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
    const isOurs = mayActOnTerm(env, election, leader)
    if (!isOurs || !(await renameLeader(etcd.api, election, leader, name, signal))) {
      const why = isOurs
        ? 'another one leads meanwhile'
        : `the term of this CMD is over: ${formatLeader(leader)}`
      throw new CommandError('no', `${why}; nothing was changed`)
    }
    const renamed = { ...leader, name }
    terminal.result(formatLeader(renamed), { election, leader: leaderToJson(renamed) })
    return exitCodes.ok
  },
}
