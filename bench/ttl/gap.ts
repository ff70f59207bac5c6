// Measures the time from one leader's end to the next leader. Both are `elect run`.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Etcd, Observer } from 'etcd-elect'
import { ElectRun } from './elect-run.js'

/** What ends the leadership of `elect run`. */
export const endings: Readonly<Record<string, (leader: ElectRun) => void>> = {
  'killed (SIGKILL)': (leader) => {
    leader.signal('SIGKILL')
  },
  'stopped (SIGSTOP)': (leader) => {
    leader.signal('SIGSTOP')
  },
  'cut off from etcd': (leader) => {
    leader.cut()
  },
  'asked to end (SIGTERM)': (leader) => {
    leader.signal('SIGTERM')
  },
}

/** Milliseconds from the end until another candidate leads; undefined when the attempt failed. */
export async function gap(
  ttl: number,
  end: (leader: ElectRun) => void,
  endpoint: string,
): Promise<number | undefined> {
  const election = `ttl/${randomUUID()}`
  const etcd = new Etcd({ endpoints: endpoint })
  const observer = new Observer(etcd, { election })
  const contenders: ElectRun[] = []
  const join = async (name: string): Promise<ElectRun> => {
    const contender = await ElectRun.start({ election, name, ttl, endpoint })
    contenders.push(contender)
    return contender
  }
  try {
    await observer.start()
    const first = await join('first')
    await leads(observer, 'first')
    await join('second')
    await queueOf(observer, 2)
    // Ends it at a random instant between two renewals.
    await pause(500 + Math.random() * ((ttl * 1_000) / 3))
    // On a host too busy for the TTL, the first leader may have lost its lease already.
    if (observer.leader?.name !== 'first') return undefined
    const from = performance.now()
    end(first)
    await leads(observer, 'second')
    return performance.now() - from
  } finally {
    await Promise.all(contenders.map((each) => each.end()))
    await observer.stop()
    await etcd.close()
  }
}

async function leads(observer: Observer, name: string): Promise<void> {
  for await (const leader of observer) if (leader?.name === name) return
}

async function queueOf(observer: Observer, length: number): Promise<void> {
  while (observer.candidates.length < length) await pause(5)
}
