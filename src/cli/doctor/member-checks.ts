// Looks at each member: whether it answers, how fast, its version, its clock, its troubles; and whether they belong
// together. It must not know how findings are shown.

import type { ResolvedEtcdOptions, StatusResponse } from '../library.js'
import { escapeControls } from '../terminal/format.js'
import type { Finding } from './finding.js'
import { MemberProbe } from './member-probe.js'

const roundTrips = 5
/** A TTL of 2 was kept up over twice this (docs/operations.md). */
const slowMs = 100
const clocksApartMs = 5_000
const oldest = [3, 4]

export interface MemberFindings {
  readonly findings: readonly Finding[]
  /** Whether anybody answered. */
  readonly isUp: boolean
}

export async function checkMembers(
  options: ResolvedEtcdOptions,
  signal: AbortSignal,
): Promise<MemberFindings> {
  const seen = await Promise.all(
    options.endpoints.map(async (endpoint) => {
      const member = new MemberProbe(endpoint, options)
      try {
        return await lookAt(member, signal)
      } finally {
        member.close()
      }
    }),
  )
  const answers = seen.flatMap(({ status }) => (status === undefined ? [] : [status]))
  return {
    findings: [...seen.flatMap(({ findings }) => findings), ...together(answers)],
    isUp: answers.length > 0,
  }
}

async function lookAt(
  member: MemberProbe,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; status?: StatusResponse }> {
  const { url } = member.endpoint
  const check = (what: string): string => `${what} of ${url}`
  let status: StatusResponse
  try {
    status = await member.status(signal)
  } catch (error) {
    signal.throwIfAborted()
    const finding = {
      check: `member ${url}`,
      state: 'failed',
      found: (error as Error).message,
    } as const
    return { findings: [{ ...finding, advice: 'start it, or correct --endpoints' }] }
  }
  const { version, leader, isLearner, errors, dbSize, dbSizeQuota } = status
  const findings: Finding[] = [
    leader === 0n
      ? {
          check: `member ${url}`,
          state: 'failed',
          found: 'answers, but sees no leader of etcd',
          advice: 'look at the network between the members, and whether most of them run',
        }
      : isLearner
        ? {
            check: `member ${url}`,
            state: 'failed',
            found: 'is a learner, which serves no elections',
            advice: 'leave it out of --endpoints until it is promoted',
          }
        : { check: `member ${url}`, state: 'ok', found: 'answers, and sees a leader' },
    versionFinding(check('version'), version),
    await roundTripFinding(check('round trip'), member, signal),
    clockFinding(check('clock'), await member.clockAheadMs(signal)),
  ]
  const troubles = [...errors, ...(await alarmsOf(member, signal))]
  if (troubles.length > 0) {
    findings.push({
      check: check('alarms'),
      state: 'failed',
      found: [...new Set(troubles)].map(escapeControls).join(', '),
      advice: 'compact and defragment, then etcdctl alarm disarm; until then nobody can join',
    })
  } else if (dbSizeQuota > 0n && dbSize * 10n > dbSizeQuota * 8n) {
    findings.push({
      check: check('size'),
      state: 'warning',
      found: `${String((dbSize * 100n) / dbSizeQuota)} % of its quota is used`,
      advice: 'compact and defragment',
    })
  }
  return { findings, status }
}

/** Only an administrator may ask in some versions; then `errors` is what there is. */
async function alarmsOf(member: MemberProbe, signal: AbortSignal): Promise<string[]> {
  try {
    return await member.alarms(signal)
  } catch {
    signal.throwIfAborted()
    return []
  }
}

function versionFinding(check: string, version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < (oldest[0] ?? 0) || (major === oldest[0] && minor < (oldest[1] ?? 0))
  return isOld
    ? {
        check,
        state: 'warning',
        found: escapeControls(version),
        advice: '3.4 and later are tested',
      }
    : { check, state: 'ok', found: escapeControls(version) }
}

async function roundTripFinding(
  check: string,
  member: MemberProbe,
  signal: AbortSignal,
): Promise<Finding> {
  const times: number[] = []
  for (let count = 0; count < roundTrips; count++) {
    const from = performance.now()
    await member.status(signal)
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  const medianMs = times[Math.floor(roundTrips / 2)] ?? 0
  const found = `${medianMs.toFixed(1)} ms (median of ${String(roundTrips)}, longest ${(times.at(-1) ?? 0).toFixed(1)} ms)`
  return medianMs > slowMs
    ? { check, state: 'warning', found, advice: 'use a TTL of 5 or more' }
    : { check, state: 'ok', found }
}

function clockFinding(check: string, aheadMs: number | undefined): Finding {
  if (aheadMs === undefined)
    return { check, state: 'skipped', found: 'the member does not tell it' }
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const found =
    seconds <= 1
      ? 'the same as here, to about a second'
      : `${String(seconds)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine`
  return Math.abs(aheadMs) > clocksApartMs
    ? {
        check,
        state: 'warning',
        found,
        advice:
          'synchronize both: elections need clocks of the same rate only, but this one may be adrift',
      }
    : { check, state: 'ok', found }
}

function together(answers: readonly StatusResponse[]): Finding[] {
  if (answers.length < 2) return []
  const clusters = new Set(answers.map(({ header }) => header?.clusterId))
  const members = new Set(answers.map(({ header }) => header?.memberId))
  const check = 'members together'
  if (clusters.size > 1) {
    const advice =
      'name the members of one cluster only: candidates of two would not see each other'
    return [{ check, state: 'failed', found: 'they belong to different clusters', advice }]
  }
  if (members.size < answers.length) {
    const advice = 'name each member once; one that hangs is left for another one'
    return [{ check, state: 'warning', found: 'two endpoints lead to the same member', advice }]
  }
  return [{ check, state: 'ok', found: `${String(members.size)} members of one cluster` }]
}
