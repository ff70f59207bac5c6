// `elect run`: runs a program on one computer at a time.

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
  summary: 'run a program for as long as this computer leads',
  description: [
    'Waits until this computer leads ELECTION, runs CMD, and gives the leadership up when CMD and everything that it started has ended. CMD runs without a shell, in its own session and process group; elect passes terminal, input, output and signals on.',
    'When the lease cannot be renewed in time, CMD and everything that it started get SIGTERM, and after the grace period SIGKILL, before the leadership ends and another computer can lead. So no two copies run at once, even when elect itself is killed or stopped, as long as clocks run at the same rate within 5 %. When somebody deletes the key or revokes the lease, CMD is killed at once.',
    'CMD finds ELECT_ELECTION, ELECT_NAME, ELECT_TERM and ELECT_FENCING_TOKEN in its environment. Every later leader has a greater token: a store that refuses a smaller token than it has seen takes no stale write.',
    'elect passes SIGINT, SIGTERM, SIGHUP and SIGQUIT to CMD, and ends when CMD has ended, however long that takes. Meanwhile it renews the lease.',
  ],
  args: [
    { name: 'ELECTION', description: 'the name of the election', kind: 'required' },
    { name: 'CMD', description: "the program and its arguments, after '--'", kind: 'rest' },
  ],
  options: [
    ...campaignOptions,
    {
      flags: '--grace <duration>',
      description: 'time that CMD has between SIGTERM and SIGKILL; at most half of the TTL',
      byDefault: 'a quarter of the TTL',
    },
    {
      flags: '--once',
      description: 'end when CMD has ended (the default)',
      conflicts: ['forever'],
    },
    {
      flags: '--forever',
      description: 'campaign again when CMD has ended or leadership was lost, until a signal',
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
    {
      command: 'elect run nightly-report -- ./report --all',
      what: 'run it on the computer that leads',
    },
    {
      command: 'elect run --forever --ttl 5 --name "$POD_NAME" mailer -- node mailer.js',
      what: 'a service with one active instance; another takes over when it dies',
    },
    {
      command: 'elect run --no-wait backup -- ./backup.sh',
      what: 'from cron on many computers, run it on one only',
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
      throw usageError("no CMD was given: put it after '--', as in 'elect run ELECTION -- CMD'")
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

/** The words after the election, without a `--` between the two. */
function commandOf({ args }: Context): readonly string[] {
  return args[1] === '--' ? args.slice(2) : args.slice(1)
}
