// The flags of commands that campaign.

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
    description: 'how long there may be no leader after this computer died',
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
      'wait until the lease of the former leader has surely run out, unless that leader left on purpose: for an etcd that ends leases too early',
  },
]
