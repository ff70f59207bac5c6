// The demo's story: election, a kill, a resignation, the end. It must not know how a machine is made.

import { type CandidateInfo, Etcd, Observer } from '../library.js'
import { DevServer } from '../devserver.js'
import type { Terminal } from '../terminal/terminal.js'
import { DemoCandidate } from './demo-candidate.js'

const election = 'demo'
const names = ['web-1', 'web-2', 'web-3']
const patienceMs = 20_000

export async function runDemo(terminal: Terminal, stop: AbortSignal): Promise<void> {
  await using server = await DevServer.start({ log: () => undefined })
  const { endpoint } = server
  await using etcd = new Etcd({ endpoints: endpoint })
  await using observer = new Observer(etcd, { election })
  const workers = new Map(names.map((name) => [name, undefined as DemoCandidate | undefined]))
  const startedAt = performance.now()
  const say = (line: string): void => {
    const at = ((performance.now() - startedAt) / 1000).toFixed(2).padStart(5)
    terminal.out(`${terminal.paint('dim', `${at} s`)}  ${line}`)
  }
  const workerOf = ({ name }: CandidateInfo): DemoCandidate => {
    const worker = workers.get(name)
    if (worker === undefined) throw new Error(`an unknown candidate leads: ${name}`)
    return worker
  }
  try {
    terminal.out(
      `etcd in memory at ${endpoint}; three times: elect run ${election} --ttl 2 -- PROGRAM`,
    )
    await observer.start({ signal: stop })
    for (const name of names) workers.set(name, new DemoCandidate(name, election, endpoint))
    const first = await leads(observer, undefined, stop)
    await queue(observer, names.length, stop)
    say(`${first.name} leads and runs its program, fencing token ${String(first.fencingToken)}`)
    say(`kill -9 ${first.name}: its keeper ends the program before the lease is over`)
    const killedAt = performance.now()
    workerOf(first).kill()
    const second = await leads(observer, first, stop)
    const failoverMs = performance.now() - killedAt
    say(`${second.name} leads, fencing token ${String(second.fencingToken)}`)
    say(`SIGTERM to ${second.name}: its program ends, and it gives the leadership up`)
    const askedAt = performance.now()
    void workerOf(second).stop()
    const third = await leads(observer, second, stop)
    const handoverMs = performance.now() - askedAt
    say(`${third.name} leads, fencing token ${String(third.fencingToken)}`)
    terminal.out(
      `after a kill the next one led within ${ms(failoverMs)}: it waits for the keeper to end the program`,
    )
    terminal.out(`after SIGTERM within ${ms(handoverMs)}: it waits for the program to end`)
  } finally {
    await Promise.all([...workers.values()].map(async (worker) => worker?.stop()))
  }
}

/** The next one who leads. */
async function leads(
  observer: Observer,
  before: CandidateInfo | undefined,
  stop: AbortSignal,
): Promise<CandidateInfo> {
  return until(
    observer,
    () => {
      const { leader } = observer
      return leader?.fencingToken === before?.fencingToken ? undefined : leader
    },
    stop,
  )
}

async function queue(observer: Observer, length: number, stop: AbortSignal): Promise<void> {
  await until(observer, () => (observer.candidates.length === length ? true : undefined), stop)
}

async function until<T>(
  observer: Observer,
  look: () => T | undefined,
  stop: AbortSignal,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    stop.throwIfAborted()
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > giveUpAt) {
      throw new Error(`waited ${ms(patienceMs)} in vain for a change in '${observer.election}'`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`
}
