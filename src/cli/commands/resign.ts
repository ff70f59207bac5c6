// `elect resign`: makes the present leader step down, from outside.

import { exitCodes } from '../definition/exit-codes.js'
import { CommandError, usageError } from '../errors.js'
import type { CommandSpec, Context } from '../definition/command-spec.js'
import { escapeControls } from '../terminal/format.js'
import { leaderToJson, formatLeader } from '../terminal/format-leader.js'

interface ResignFlags {
  readonly yes?: true
}

export const resign: CommandSpec = {
  name: 'resign',
  summary: 'evict the present leader',
  description: [
    'Removes the key of whoever leads ELECTION, so that the next candidate leads. It asks before it does so. Only the leader that was shown is evicted: when another one leads meanwhile, nothing is changed.',
    'The evicted leader is told so by etcd in one message; in the time that the message takes, two may believe that they lead. Asking its process to end (SIGTERM) has no such gap.',
    'Within a CMD of elect run, whose ELECT_ELECTION is ELECTION, it gives up that term and no other one.',
  ],
  args: [{ name: 'ELECTION', description: 'what is contested', kind: 'required' }],
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  connects: true,
  examples: [
    { command: 'elect resign nightly-report', what: 'shows the leader, and asks' },
    { command: 'elect resign nightly-report --yes', what: 'in a script' },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connect }, { checkElection, readLeader }, { mayActOnTerm, removeCandidacy }] =
      await Promise.all([
        import('../connect.js'),
        import('../library.js'),
        import('../operator-actions.js'),
      ])
    const { stop: signal, terminal, args, env, options } = context
    const election = checkElection(args[0])
    await using etcd = connect(context)
    const leader = await readLeader(etcd.api, election, { signal })
    if (leader === undefined)
      throw new CommandError('no', `nobody leads '${escapeControls(election)}'`)
    if (!mayActOnTerm(env, election, leader)) {
      throw new CommandError('no', `the term of this CMD is over: ${formatLeader(leader)}`)
    }
    if (
      (options as ResignFlags).yes !== true &&
      !(await confirmed(context, formatLeader(leader)))
    ) {
      throw new CommandError('no', 'nothing was changed')
    }
    if (!(await removeCandidacy(etcd.api, leader, signal))) {
      throw new CommandError(
        'no',
        `${escapeControls(leader.name)} no longer leads '${escapeControls(election)}': nothing was changed`,
      )
    }
    const text = `${escapeControls(leader.name)} no longer leads '${escapeControls(election)}'`
    terminal.result(text, { election, evicted: leaderToJson(leader) })
    return exitCodes.ok
  },
}

async function confirmed({ stop, terminal }: Context, who: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw usageError(`there is no terminal to ask at whether to evict (${who}): add --yes`)
  }
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C is read as a character here, and not made a signal of.
  const interrupted = new AbortController()
  lines.once('SIGINT', () => {
    interrupted.abort()
  })
  lines.once('close', () => {
    interrupted.abort()
  })
  try {
    const question = `${who}. Evict it? [y/N] `
    const signal = AbortSignal.any([stop, interrupted.signal])
    const answer = await lines.question(question, { signal })
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    terminal.note('')
    return false
  } finally {
    lines.close()
  }
}
