// Plays the case that `lockDelay` exists for: the member that leads etcd is paused for about a TTL
// while a candidate leads, and resumes. Measures for how long two candidates lead at once.

import { Candidate, Etcd, type Leadership } from '../../src/index.js'
import type { EtcdCluster } from './etcd.js'
import { until } from './until.js'

/** Which members the leading candidate's client connects to. */
export type Way = 'only the paused one' | 'the paused one first' | 'only the others'

export const ways: readonly Way[] = [
  'only the paused one',
  'the paused one first',
  'only the others',
]

export interface Round {
  readonly election: string
  readonly way: Way
  readonly ttlS: number
  readonly pauseMs: number
  readonly lockDelay: boolean
}

export interface Outcome {
  /**
   * For how long the first term stayed valid after the second candidate was elected; 0: not at all.
   */
  readonly overlapMs: number
  /** How the first term ended; undefined when it did not end. */
  readonly end: string | undefined
}

export async function pausedLeaderRound(cluster: EtcdCluster, round: Round): Promise<Outcome> {
  const { election, ttlS: ttl, lockDelay } = round
  const paused = await cluster.leader()
  const others = cluster.endpoints.filter((endpoint) => endpoint !== paused.endpoint)
  const known = {
    'only the paused one': [paused.endpoint],
    'the paused one first': [paused.endpoint, ...others],
    'only the others': others,
  }[round.way]
  const near = new Etcd({ endpoints: known, random: firstEndpointFirst() })
  const far = new Etcd({ endpoints: others })
  const first = new Candidate(near, { election, name: 'first', ttl, lockDelay })
  const second = new Candidate(far, { election, name: 'second', ttl, lockDelay })
  try {
    const leading = await first.campaign()
    const next = second.campaign()
    next.catch(() => undefined)
    await until(() => second.term !== '', { what: 'the second to be in line' })
    await paused.pause()
    await passed(round.pauseMs)
    paused.resume()
    const overlapping = next.then(() => overlapOf(leading))
    // If etcd ends the lease, it does so soon after it resumes, or within a TTL of a vain renewal.
    await Promise.race([overlapping, passed(ttl * 1_000 + 1_500)])
    if (!leading.signal.aborted) return { overlapMs: 0, end: undefined }
    return { overlapMs: await overlapping, end: await leading.ended }
  } finally {
    if (paused.isRunning) paused.resume()
    await Promise.allSettled([first.close(), second.close()])
    await Promise.all([near.close(), far.close()])
  }
}

/** Measures how long the leadership stays valid, in turns of the event loop. */
async function overlapOf(leading: Leadership): Promise<number> {
  const sinceMs = performance.now()
  let overlapMs = 0
  while (leading.isValid()) {
    await new Promise(setImmediate)
    overlapMs = performance.now() - sinceMs
  }
  return overlapMs
}

/** A client's first random number chooses the endpoint that it asks first. */
function firstEndpointFirst(): () => number {
  let drawn = 0
  return () => (drawn++ === 0 ? 0 : Math.random())
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
