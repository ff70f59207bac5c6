// Runs the demo: an election, a kill of the leader, a resignation of the next one.

import type { Context } from '../definition/command-spec.js'
import { type CandidateInfo, Observer } from '../library.js'
import { DemoCandidate } from './demo-candidate.js'
import type { DemoEtcd } from './demo-etcd.js'

const names = ['web-1', 'web-2', 'web-3']
const timeoutMs = 20_000

export async function runDemo({ terminal, stop }: Context, on: DemoEtcd): Promise<void> {
  const { etcd, endpoints, election } = on
  await using observer = new Observer(etcd, { election })
  const candidates = new Map(names.map((name) => [name, undefined as DemoCandidate | undefined]))
  const startedAt = performance.now()
  const say = (line: string): void => {
    const at = ((performance.now() - startedAt) / 1000).toFixed(2).padStart(5)
    terminal.out(`${terminal.paint('dim', `${at} s`)}  ${line}`)
  }
  const candidateOf = ({ name }: CandidateInfo): DemoCandidate => {
    const candidate = candidates.get(name)
    if (candidate === undefined) throw new Error(`an unknown candidate leads: ${name}`)
    return candidate
  }
  try {
    terminal.out(`${on.description}; three times: elect run ${election} --ttl 2 -- PROGRAM`)
    await observer.start({ signal: stop })
    for (const name of names) candidates.set(name, new DemoCandidate(name, election, endpoints))
    const first = await waitForNextLeader(observer, undefined, stop)
    await waitForQueue(observer, names.length, stop)
    say(`${first.name} leads and runs its program, fencing token ${String(first.fencingToken)}`)
    say(`kill -9 ${first.name}: its keeper ends the program before the lease is over`)
    const killedAt = performance.now()
    candidateOf(first).kill()
    const second = await waitForNextLeader(observer, first, stop)
    const failoverMs = performance.now() - killedAt
    say(`${second.name} leads, fencing token ${String(second.fencingToken)}`)
    say(`SIGTERM to ${second.name}: its program ends, and it gives the leadership up`)
    const askedAt = performance.now()
    void candidateOf(second).stop()
    const third = await waitForNextLeader(observer, second, stop)
    const handoverMs = performance.now() - askedAt
    say(`${third.name} leads, fencing token ${String(third.fencingToken)}`)
    terminal.out(
      `after a kill the next one led within ${formatMs(failoverMs)}: it waits for the keeper to end the program`,
    )
    terminal.out(`after SIGTERM within ${formatMs(handoverMs)}: it waits for the program to end`)
  } finally {
    await Promise.all([...candidates.values()].map(async (candidate) => candidate?.stop()))
  }
}

async function waitForNextLeader(
  observer: Observer,
  before: CandidateInfo | undefined,
  stop: AbortSignal,
): Promise<CandidateInfo> {
  return pollUntil(
    observer,
    () => {
      const { leader } = observer
      return leader?.fencingToken === before?.fencingToken ? undefined : leader
    },
    stop,
  )
}

async function waitForQueue(observer: Observer, length: number, stop: AbortSignal): Promise<void> {
  await pollUntil(observer, () => (observer.candidates.length === length ? true : undefined), stop)
}

async function pollUntil<T>(
  observer: Observer,
  read: () => T | undefined,
  stop: AbortSignal,
): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    stop.throwIfAborted()
    const found = read()
    if (found !== undefined) return found
    if (performance.now() > giveUpAt) {
      throw new Error(
        `waited ${formatMs(timeoutMs)} in vain for a change in '${observer.election}'`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function formatMs(time: number): string {
  return `${time.toFixed(0)} ms`
}
