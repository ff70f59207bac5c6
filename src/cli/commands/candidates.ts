// `elect candidates`: lists the queue of an election.

import { exitCodes } from '../definition/exit-codes.js'
import type { CommandSpec } from '../definition/command-spec.js'
import { formatTable, escapeControls } from '../terminal/format.js'

export const candidates: CommandSpec = {
  name: 'candidates',
  summary: 'list the queue: who leads, who waits, how long their leases live',
  description: [
    'Lists the candidates of ELECTION, oldest first; the first one leads. For each it asks etcd for the TTL of the lease, and how long the lease lives without another renewal.',
    'etcd stores no times: AGE is the number of changes to etcd as a whole since the candidate joined.',
  ],
  args: [{ name: 'ELECTION', description: 'the name of the election', kind: 'required' }],
  options: [],
  connects: true,
  examples: [
    { command: 'elect candidates nightly-report', what: 'as a table' },
    { command: 'elect candidates nightly-report -o json', what: 'one object per candidate' },
  ],
  exits: ['no'],
  run: async (context) => {
    const [{ connect }, { checkElection, readAll, toInfo }] = await Promise.all([
      import('../connect.js'),
      import('../library.js'),
    ])
    const { stop: signal, terminal, args } = context
    const election = checkElection(args[0])
    await using etcd = connect(context)
    const { revision, sortedByCreateRevision } = await readAll(etcd.api, election, { signal })
    const rows = await Promise.all(
      sortedByCreateRevision.map(async (kv, index) => {
        const { name, term, fencingToken } = toInfo(kv)
        const lease = kv.lease
        const { TTL, grantedTTL } =
          lease === 0n
            ? { TTL: 0n, grantedTTL: 0n }
            : await etcd.api.leaseTimeToLive(lease, { signal })
        const hasLease = lease !== 0n && TTL > 0n
        return {
          position: index + 1,
          leads: index === 0,
          name,
          term,
          fencingToken,
          ageRevisions: revision - fencingToken,
          leaseId: lease,
          ttlLeftSeconds: hasLease ? Number(TTL) : null,
          ttlSeconds: hasLease ? Number(grantedTTL) : null,
        }
      }),
    )
    if (terminal.isJson) for (const row of rows) terminal.result('', { election, ...row })
    else if (rows.length > 0) terminal.out(formatTable([headings, ...rows.map(cells)]))
    if (rows.length > 0) return exitCodes.ok
    terminal.note(`'${escapeControls(election)}' has no candidates`)
    return exitCodes.no
  },
}

const headings = ['#', 'NAME', 'TOKEN', 'AGE', 'LEASE', 'TTL LEFT']

interface Row {
  readonly position: number
  readonly leads: boolean
  readonly name: string
  readonly fencingToken: bigint
  readonly ageRevisions: bigint
  readonly leaseId: bigint
  readonly ttlLeftSeconds: number | null
  readonly ttlSeconds: number | null
}

function cells(row: Row): string[] {
  const { position, leads, name, fencingToken, ageRevisions, leaseId } = row
  const left =
    row.ttlLeftSeconds === null
      ? 'no lease: never runs out'
      : `${String(row.ttlLeftSeconds)} of ${String(row.ttlSeconds)} s`
  return [
    String(position),
    leads ? `${escapeControls(name)} (leads)` : escapeControls(name),
    String(fencingToken),
    `${String(ageRevisions)} changes`,
    leaseId.toString(16),
    left,
  ]
}
