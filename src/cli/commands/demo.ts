// `elect demo`: shows an election of three processes.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'see it work: three computers, one leader',
  description: [
    'Starts an etcd in memory and three times elect run on it, kills the leader, has the next one step down, and prints who takes over and when. It needs nothing and leaves nothing behind.',
    'With --endpoints it runs on that etcd, in an election of its own. The variables of etcdctl say how to get in.',
  ],
  args: [],
  options: [
    {
      flags: '--endpoints <addresses>',
      description: 'run on this etcd instead of one in memory',
    },
  ],
  connects: false,
  hasResults: false,
  examples: [{ command: 'elect demo', what: 'takes a second or two' }],
  exits: ['unreachable', 'refused', 'denied'],
  run: async (context) => {
    const [{ openDemoEtcd }, { runDemo }] = await Promise.all([
      import('../demo/demo-etcd.js'),
      import('../demo/run-demo.js'),
    ])
    await using on = await openDemoEtcd(context)
    await runDemo(context, on)
    return exitCodes.ok
  },
}
