// Checks each member (whether it answers, its version, round trips, clock, alarms and size), and
// that all members belong to one cluster.

import type { ResolvedEtcdOptions, StatusResponse } from '../library.js'
import { escapeControls } from '../terminal/format.js'
import type { Finding } from './finding.js'
import { MemberProbe } from './member-probe.js'

const pingCount = 5
/** Measured: a TTL of 2 survives round trips of twice this (docs/operations.md). */
const slowRoundTripMs = 100
const maxClockOffsetMs = 5_000
const oldestVersion = [3, 4]

export interface MemberFindings {
  readonly findings: readonly Finding[]
  /** Whether any member answered. */
  readonly isUp: boolean
}

export async function checkMembers(
  options: ResolvedEtcdOptions,
  signal: AbortSignal,
): Promise<MemberFindings> {
  const results = await Promise.all(
    options.endpoints.map(async (endpoint) => {
      const member = new MemberProbe(endpoint, options)
      try {
        return await checkMember(member, signal)
      } finally {
        member.close()
      }
    }),
  )
  const answers = results.flatMap(({ status }) => (status === undefined ? [] : [status]))
  return {
    findings: [...results.flatMap(({ findings }) => findings), ...checkTogether(answers)],
    isUp: answers.length > 0,
  }
}

async function checkMember(
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
          advice: 'check the network between the members, and that most of them run',
        }
      : isLearner
        ? {
            check: `member ${url}`,
            state: 'failed',
            found: 'is a learner, and serves no elections',
            advice: 'leave it out of --endpoints until it is promoted',
          }
        : { check: `member ${url}`, state: 'ok', found: 'answers, and sees a leader' },
    versionFinding(check('version'), version),
    await roundTripFinding(check('round trip'), member, signal),
    clockFinding(check('clock'), await member.clockAheadMs(signal)),
  ]
  const alarms = [...errors, ...(await alarmsOf(member, signal))]
  if (alarms.length > 0) {
    findings.push({
      check: check('alarms'),
      state: 'failed',
      found: [...new Set(alarms)].map(escapeControls).join(', '),
      advice: 'compact and defragment, then etcdctl alarm disarm; until then no candidate can join',
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

/** In some versions only an administrator may ask; then the `errors` of the status have to do. */
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
  const isOld =
    major < (oldestVersion[0] ?? 0) ||
    (major === oldestVersion[0] && minor < (oldestVersion[1] ?? 0))
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
  for (let count = 0; count < pingCount; count++) {
    const from = performance.now()
    await member.status(signal)
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  const medianMs = times[Math.floor(pingCount / 2)] ?? 0
  const found = `${medianMs.toFixed(1)} ms (median of ${String(pingCount)}, longest ${(times.at(-1) ?? 0).toFixed(1)} ms)`
  return medianMs > slowRoundTripMs
    ? { check, state: 'warning', found, advice: 'use a TTL of 5 or more' }
    : { check, state: 'ok', found }
}

function clockFinding(check: string, aheadMs: number | undefined): Finding {
  if (aheadMs === undefined)
    return { check, state: 'skipped', found: 'the member does not send its time' }
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const found =
    seconds <= 1
      ? 'the same as here, to about a second'
      : `${String(seconds)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this computer`
  return Math.abs(aheadMs) > maxClockOffsetMs
    ? {
        check,
        state: 'warning',
        found,
        advice:
          'synchronize both: elections only need clocks that run at the same rate, but one of these may not',
      }
    : { check, state: 'ok', found }
}

function checkTogether(answers: readonly StatusResponse[]): Finding[] {
  if (answers.length < 2) return []
  const clusters = new Set(answers.map(({ header }) => header?.clusterId))
  const members = new Set(answers.map(({ header }) => header?.memberId))
  const check = 'members together'
  if (clusters.size > 1) {
    const advice =
      'name members of one cluster only: candidates in different clusters do not see each other'
    return [{ check, state: 'failed', found: 'they belong to different clusters', advice }]
  }
  if (members.size < answers.length) {
    const advice =
      'name each member once: when a member hangs, a client moves on to the next endpoint'
    return [{ check, state: 'warning', found: 'two endpoints lead to the same member', advice }]
  }
  return [{ check, state: 'ok', found: `${String(members.size)} members of one cluster` }]
}
