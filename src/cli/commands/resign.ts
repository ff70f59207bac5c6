// `elect resign`: evicts the present leader.

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
    'Deletes the key of the leader of ELECTION, so that the next candidate leads. It asks first. It evicts only the leader that it has shown: when another candidate leads by then, nothing is changed.',
    'Until etcd has told the evicted leader, two may believe that they lead. SIGTERM to the process of the leader has no such gap.',
    'In the CMD of elect run ELECTION it ends only the term of that CMD: when that term is over already, nothing is changed and the exit code is 1.',
  ],
  args: [{ name: 'ELECTION', description: 'the name of the election', kind: 'required' }],
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  connects: true,
  examples: [
    { command: 'elect resign nightly-report', what: 'show the leader, and ask' },
    { command: 'elect resign nightly-report --yes', what: 'do not ask: for scripts' },
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
    if ((options as ResignFlags).yes !== true && !(await confirm(context, formatLeader(leader)))) {
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

async function confirm({ stop, terminal }: Context, leader: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw usageError(`there is no terminal to ask on: add --yes to evict the leader (${leader})`)
  }
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // While readline reads, Ctrl-C is a character and raises no signal.
  const interrupted = new AbortController()
  lines.once('SIGINT', () => {
    interrupted.abort()
  })
  lines.once('close', () => {
    interrupted.abort()
  })
  try {
    const question = `${leader}. Evict it? [y/N] `
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
