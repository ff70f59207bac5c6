// `elect doctor`: checks whether etcd is fit for elections.

import type { Finding } from '../doctor/finding.js'
import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import type { Style, Terminal } from '../terminal/terminal.js'

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'check etcd: members, versions, round trips, clocks, TTL, rights',
  description: [
    'Checks each member on its own: whether it answers, its version, round trips, clock and alarms. Then checks etcd as a whole: the shortest TTL that it grants and, with ELECTION, the rights on the keys of that election. For each problem it says what to change. It grants one lease and revokes it, and writes nothing else.',
  ],
  args: [
    {
      name: 'ELECTION',
      description: 'also check the rights on the keys of this election',
      kind: 'optional',
    },
  ],
  options: [],
  connects: true,
  examples: [
    { command: 'elect doctor', what: 'the etcd on this computer' },
    {
      command:
        'elect doctor nightly-report --endpoints https://a:2379,https://b:2379 --cacert ca.pem',
      what: 'a cluster, and the rights on an election',
    },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connectionOptionsOf }, library, members, leases] = await Promise.all([
      import('../connect.js'),
      import('../library.js'),
      import('../doctor/member-checks.js'),
      import('../doctor/cluster-checks.js'),
    ])
    const { stop, terminal, args } = context
    const election = args[0] === undefined ? undefined : library.checkElection(args[0])
    const options = connectionOptionsOf(context)
    const { findings, isUp } = await members.checkMembers(library.resolveEtcdOptions(options), stop)
    const all: Finding[] = [...findings]
    if (isUp) {
      await using etcd = new library.Etcd(options)
      all.push(await leases.checkShortestTtl(etcd.api, stop))
      all.push(...(await leases.checkRights(etcd.api, election, stop)))
    }
    for (const finding of all) terminal.result(formatFinding(finding, terminal), finding)
    if (!isUp) return exitCodes.unreachable
    return all.some(({ state }) => state === 'failed') ? exitCodes.no : exitCodes.ok
  },
}

const styles: Readonly<Record<Finding['state'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  failed: 'red',
  skipped: 'dim',
}

function formatFinding({ check, state, found, advice }: Finding, terminal: Terminal): string {
  const line = `${terminal.paint(styles[state], state.padEnd(7))}  ${check}: ${found}`
  return advice === undefined ? line : `${line}\n         ${terminal.paint('bold', advice)}`
}
