// The flags of commands that campaign. It must not know what they do with the leadership.

import type { OptionSpec } from './command-spec.js'

export const cliDefaultTtlS = 10

export const campaignOptions: readonly OptionSpec[] = [
  {
    flags: '--name <name>',
    description: 'how others see this candidate',
    byDefault: 'the host name',
  },
  {
    flags: '--ttl <seconds>',
    description: 'how long it may take until another one leads when this machine dies',
    byDefault: String(cliDefaultTtlS),
  },
  {
    flags: '--wait <duration>',
    description: 'give up when not elected within this time',
    byDefault: 'wait for as long as it takes',
  },
  { flags: '--no-wait', description: 'give up at once when somebody else leads' },
  {
    flags: '--lock-delay',
    description:
      'lead only when the lease of whoever led before has surely run out, unless it is known to have left on purpose: against an etcd that lets leases go too early',
  },
]
