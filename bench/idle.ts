// Measures what elections cost when nothing happens, all on one session or each on its own. Each
// subject runs in a process of its own, against an etcd of its own.

import { setTimeout as pause } from 'node:timers/promises'
import { attempt } from './attempt.js'
import type { Server } from './etcd.js'
import { stateOf } from './requests.js'
import type { Idle, IdleCase, IdleCost } from './result.js'
import { type Subject, usageOf, withSubject } from './subject.js'

/** Short enough for several renewals within one measurement. */
const ttl = 5
const idleMs = 6_000

interface Task {
  readonly of: readonly IdleCase[]
  readonly startServer: () => Promise<Server>
  readonly say: (text: string) => void
}

export async function measureIdle({ of, startServer, say }: Task): Promise<Idle[]> {
  const measured: Idle[] = []
  for (const each of of) {
    say(`${each.count} idle elections, ${each.sessions} sessions: ${each.subject} …`)
    const server = await startServer()
    try {
      const cost = await attempt(() =>
        withSubject(each.subject, server.endpoint, (subject) => idle(server, subject, each)),
      )
      measured.push({ ...each, ...cost })
    } finally {
      await server.close()
    }
  }
  return measured
}

async function idle(
  { endpoint, pid }: Server,
  subject: Subject,
  { count, sessions, subject: kind }: IdleCase,
): Promise<IdleCost> {
  const elections = { prefix: 'bench/idle', count, ttl }
  // Each campaign of etcd3 has a session of its own anyway.
  const apart = sessions > 1 && kind === 'ours'
  await (apart
    ? subject.ask({ do: 'leadApart', ...elections })
    : subject.ask({ do: 'lead', ...elections }))
  await subject.ask({ do: 'rest' })
  await pause(1_000)
  const look = async (): Promise<{ own: number; etcd: number; requests: number; at: number }> => ({
    own: subject.usage()?.cpuMs ?? NaN,
    etcd: usageOf(pid)?.cpuMs ?? NaN,
    requests: (await stateOf(endpoint)).requests,
    at: performance.now(),
  })
  const before = await look()
  await pause(idleMs)
  const after = await look()
  const tookMs = after.at - before.at
  return {
    cpuPercent: ((after.own - before.own) / tookMs) * 100,
    etcdCpuPercent: ((after.etcd - before.etcd) / tookMs) * 100,
    requestsPerS: ((after.requests - before.requests) / tookMs) * 1_000,
  }
}
