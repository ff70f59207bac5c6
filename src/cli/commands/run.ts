// `elect run`: a program that runs on one machine at a time.

import { constants } from 'node:os'
import { campaignOptions } from '../definition/campaign-options.js'
import { parseDuration, parseInteger } from '../option-values.js'
import { exitCodes, signalExitCode } from '../definition/exit-codes.js'
import { CommandError, SignalError, usageError } from '../errors.js'
import type { CommandSpec, Context } from '../definition/command-spec.js'

interface RunFlags {
  readonly grace?: string
  readonly forever?: true
  readonly lostExitCode?: string
}

export const run: CommandSpec = {
  name: 'run',
  summary: 'run a program for as long as this machine leads',
  description: [
    'Waits until this machine leads ELECTION, runs CMD, and gives the leadership up when CMD and everything that it started has ended. CMD is run without a shell, in a session and a process group of its own; terminal, input, output and signals are passed on.',
    'When the leadership is about to end because etcd could not be asked for a renewal, all of CMD gets SIGTERM, and SIGKILL after the grace period, before the leadership ends and another machine can lead. So no two copies run at once, as long as clocks run at the same rate within 5 %, also when elect itself is killed or stopped. When the leadership is ended from outside (the key deleted, the lease revoked), CMD is killed at once.',
    'CMD finds ELECT_ELECTION, ELECT_NAME, ELECT_TERM and ELECT_FENCING_TOKEN in its environment. The token is greater for every later leader: a store that refuses smaller ones than it has seen takes no stale write.',
    'SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed to CMD, and elect ends when CMD has ended, however long that takes; the lease is renewed meanwhile.',
  ],
  args: [
    { name: 'ELECTION', description: 'what is contested', kind: 'required' },
    { name: 'CMD', description: "the program and its arguments, after '--'", kind: 'rest' },
  ],
  options: [
    ...campaignOptions,
    {
      flags: '--grace <duration>',
      description: 'how long CMD has between SIGTERM and SIGKILL; at most half of the TTL',
      byDefault: 'a quarter of the TTL',
    },
    {
      flags: '--once',
      description: 'end when CMD has ended (the default)',
      conflicts: ['forever'],
    },
    {
      flags: '--forever',
      description: 'campaign again when leadership was lost or CMD has ended, until a signal',
      conflicts: ['once'],
    },
    {
      flags: '--lost-exit-code <code>',
      description: 'the exit code when leadership was lost, 0 to 255',
      byDefault: String(exitCodes.lost),
    },
  ],
  connects: true,
  hasResults: false,
  examples: [
    { command: 'elect run nightly-report -- ./report --all', what: 'on whichever machine leads' },
    {
      command: 'elect run --forever --ttl 5 --name "$POD_NAME" mailer -- node mailer.js',
      what: 'a service of which one instance works, and another takes over when it dies',
    },
    {
      command: 'elect run --no-wait backup -- ./backup.sh',
      what: 'from cron: on one machine only',
    },
  ],
  exits: ['notInTime', 'lost', 'cannotRun', 'notFound'],
  run: async (context) => {
    const [{ campaignRequestOf }, { connect }, { runService }] = await Promise.all([
      import('../campaign-request.js'),
      import('../connect.js'),
      import('../run/service.js'),
    ])
    const campaign = campaignRequestOf(context)
    const { grace, forever, lostExitCode } = context.options as RunFlags
    const [file, ...args] = commandOf(context)
    if (file === undefined)
      throw usageError("no CMD was given: it stands after '--', as in 'elect run ELECTION -- CMD'")
    const lostCode =
      lostExitCode === undefined
        ? exitCodes.lost
        : parseInteger('--lost-exit-code', lostExitCode, 0, 255)
    const end = await runService({
      context,
      etcd: connect(context),
      campaign,
      program: { election: campaign.election, file, args, env: context.env },
      graceMs: grace === undefined ? undefined : parseDuration('--grace', grace),
      forever: forever === true,
    })
    switch (end.how) {
      case 'exited':
        return end.code
      case 'signalled':
        return signalExitCode(end.signal, constants.signals)
      case 'lost':
        context.terminal.error(end.message)
        return lostCode
      case 'stopped':
        throw new SignalError(end.signal)
      case 'cannotStart':
        throw new CommandError(end.exit, end.message)
      default:
        return end satisfies never
    }
  },
}

/** What stands after the election; a `--` between the two is not part of it. */
function commandOf({ args }: Context): readonly string[] {
  return args[1] === '--' ? args.slice(2) : args.slice(1)
}
