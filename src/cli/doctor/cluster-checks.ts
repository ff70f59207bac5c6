// Looks at what elections need of etcd as a whole: leases, and rights on the keys of an election. Nothing is left behind.
// It must not know how findings are shown.

import {
  CompareResult,
  CompareTarget,
  ElectError,
  encode,
  type EtcdApi,
  readLeader,
  revokeLease,
} from '../library.js'
import { formatLeader } from '../terminal/format-leader.js'
import type { Finding } from './finding.js'

const leastTtl = 2n

export async function checkShortestTtl(api: EtcdApi, signal: AbortSignal): Promise<Finding> {
  const check = 'shortest TTL'
  const id = BigInt(Math.floor(api.random() * 2 ** 52)) + 1n
  try {
    const { TTL } = await api.leaseGrant(id, 1, { signal })
    await revokeLease(api, id, { signal })
    const found = `${String(TTL)} s`
    return TTL > leastTtl
      ? {
          check,
          state: 'warning',
          found: `${found}: etcd raises what is shorter`,
          advice: 'its election timeout is long; failover takes at least that',
        }
      : { check, state: 'ok', found }
  } catch (error) {
    return failed(check, error, signal)
  }
}

export async function checkRights(
  api: EtcdApi,
  election: string | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (election === undefined) {
    return [
      {
        check: 'rights',
        state: 'skipped',
        found: "name an election to have them checked: 'elect doctor ELECTION'",
      },
    ]
  }
  const read = `right to read ${election}/`
  const write = `right to write ${election}/`
  const findings: Finding[] = []
  try {
    const leader = await readLeader(api, election, { signal })
    findings.push({ check: read, state: 'ok', found: formatLeader(leader) })
  } catch (error) {
    findings.push(failed(read, error, signal))
  }
  try {
    await neverPut(api, election, signal)
    findings.push({ check: write, state: 'ok', found: 'granted' })
  } catch (error) {
    findings.push(failed(write, error, signal))
  }
  return findings
}

/** etcd looks at the rights for all that a transaction might do, also for what it then does not do. */
async function neverPut(api: EtcdApi, election: string, signal: AbortSignal): Promise<void> {
  const key = encode(`${election}/doctor`)
  await api.txn(
    {
      compare: [
        {
          key,
          target: CompareTarget.CREATE,
          result: CompareResult.LESS,
          targetUnion: { case: 'createRevision', value: 0n },
        },
      ],
      success: [{ request: { case: 'requestPut', value: { key, value: encode('doctor') } } }],
    },
    { signal },
  )
}

function failed(check: string, error: unknown, signal: AbortSignal): Finding {
  signal.throwIfAborted()
  if (!(error instanceof ElectError)) throw error
  const advice: Partial<Record<string, string>> = {
    ELECT_AUTH:
      'give --user, and grant it a role: etcdctl role grant-permission ROLE --prefix=true readwrite ELECTION/',
    ELECT_REFUSED: 'compact, defragment, then etcdctl alarm disarm',
  }
  const what = advice[error.code]
  return {
    check,
    state: 'failed',
    found: error.message,
    ...(what !== undefined && { advice: what }),
  }
}
