// Checks what elections need from etcd as a whole: short TTLs, and rights on an election's keys.
// Leaves nothing behind in etcd.

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

/** The shortest TTL that etcd grants with its default election timeout, in seconds. */
const usualMinTtlS = 2n

export async function checkShortestTtl(api: EtcdApi, signal: AbortSignal): Promise<Finding> {
  const check = 'shortest TTL'
  const id = BigInt(Math.floor(api.random() * 2 ** 52)) + 1n
  try {
    const { TTL } = await api.leaseGrant(id, 1, { signal })
    await revokeLease(api, id, { signal })
    const found = `${String(TTL)} s`
    return TTL > usualMinTtlS
      ? {
          check,
          state: 'warning',
          found: `${found}: etcd raises shorter ones to this`,
          advice: 'its election timeout is long: a failover takes at least this TTL',
        }
      : { check, state: 'ok', found }
  } catch (error) {
    return toFailedFinding(check, error, signal)
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
        found: "to check them, name an election: 'elect doctor ELECTION'",
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
    findings.push(toFailedFinding(read, error, signal))
  }
  try {
    await putNever(api, election, signal)
    findings.push({ check: write, state: 'ok', found: 'granted' })
  } catch (error) {
    findings.push(toFailedFinding(write, error, signal))
  }
  return findings
}

/**
 * Tests the right to write without writing. The condition is never true, but etcd checks the rights
 * for everything that a transaction may do.
 */
async function putNever(api: EtcdApi, election: string, signal: AbortSignal): Promise<void> {
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

function toFailedFinding(check: string, error: unknown, signal: AbortSignal): Finding {
  signal.throwIfAborted()
  if (!(error instanceof ElectError)) throw error
  const advice: Partial<Record<string, string>> = {
    ELECT_AUTH:
      'give --user, and grant it a role: etcdctl role grant-permission ROLE --prefix=true readwrite ELECTION/',
    ELECT_REFUSED: 'compact, defragment, then etcdctl alarm disarm',
  }
  const known = advice[error.code]
  return {
    check,
    state: 'failed',
    found: error.message,
    ...(known !== undefined && { advice: known }),
  }
}
