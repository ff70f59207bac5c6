// `elect proclaim`: changes the name that others see of the leader.

import { exitCodes } from '../definition/exit-codes.js'
import { CommandFailure } from '../failure.js'
import type { CommandSpec } from '../definition/spec.js'
import { visible } from '../terminal/table.js'
import { leaderJson, leaderLine } from '../terminal/leader-text.js'

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
    const [{ connect }, { checkElection, checkName, readLeader }, { isOwnTerm, renameLeader }] =
      await Promise.all([
        import('../connection.js'),
        import('../library.js'),
        import('../operator-actions.js'),
      ])
    const { stop: signal, terminal, args, env } = context
    const election = checkElection(args[0])
    const name = checkName(args[1])
    await using etcd = connect(context)
    const leader = await readLeader(etcd.api, election, { signal })
    if (leader === undefined) throw new CommandFailure('no', `nobody leads '${visible(election)}'`)
    const isOurs = isOwnTerm(env, election, leader)
    if (!isOurs || !(await renameLeader(etcd.api, election, leader, name, signal))) {
      const why = isOurs
        ? 'another one leads meanwhile'
        : `the term of this CMD is over: ${leaderLine(leader)}`
      throw new CommandFailure('no', `${why}; nothing was changed`)
    }
    const renamed = { ...leader, name }
    terminal.result(leaderLine(renamed), { election, leader: leaderJson(renamed) })
    return exitCodes.ok
  },
}
