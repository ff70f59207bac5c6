// `elect campaign`: leads until a signal comes.

import { campaignOptions } from '../definition/campaign-options.js'
import { exitCodes } from '../definition/exit-codes.js'
import { CommandError } from '../errors.js'
import type { CommandSpec } from '../definition/command-spec.js'

export const campaign: CommandSpec = {
  name: 'campaign',
  summary: 'lead until a signal comes',
  description: [
    'Waits until it leads ELECTION, prints its term (the key in etcd) and its name on two lines, as etcdctl elect does, and holds the leadership until SIGINT or SIGTERM comes. Then it resigns.',
    'A program that a script starts after this runs on when the leadership is lost: use elect run for programs.',
  ],
  args: [{ name: 'ELECTION', description: 'the name of the election', kind: 'required' }],
  options: campaignOptions,
  connects: true,
  examples: [
    { command: 'elect campaign nightly-report', what: 'hold the leadership at the terminal' },
    {
      command: 'elect campaign maintenance --no-wait -o json',
      what: 'only if nobody leads, with output for a program',
    },
  ],
  exits: ['notInTime', 'lost'],
  run: async (context) => {
    const [{ campaignRequestOf }, { connect }, { Candidate }, { waitToLead }] = await Promise.all([
      import('../campaign-request.js'),
      import('../connect.js'),
      import('../library.js'),
      import('../wait-to-lead.js'),
    ])
    const request = campaignRequestOf(context)
    const { election, name, ttlS, lockDelay } = request
    const { stop, terminal } = context
    await using etcd = connect(context)
    await using candidate = new Candidate(etcd, { election, name, ttl: ttlS, lockDelay })
    const leadership = await waitToLead(candidate, request, context, etcd)
    const { term, fencingToken } = leadership
    terminal.result(`${term}\n${name}`, { event: 'elected', election, name, term, fencingToken })
    await aborted(AbortSignal.any([stop, leadership.signal]))
    if (!leadership.signal.aborted) {
      await leadership.resign()
      if (terminal.isJson) terminal.result('', { event: 'resigned', election, name, term })
      return exitCodes.ok
    }
    const how = await leadership.ended
    if (terminal.isJson) terminal.result('', { event: 'lost', election, name, term, how })
    throw new CommandError('lost', `leadership of '${election}' was lost: ${how}`)
  },
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
  })
}
