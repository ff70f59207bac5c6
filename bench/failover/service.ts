// One candidate in a process of its own, of this library or of npm etcd3. It takes commands, and
// reports what happens.

import { Candidate, Etcd, Session } from 'etcd-elect'
import { Etcd3 } from 'etcd3'
import { now, ticksOfThreads } from './proc.js'
import type { Event, Facts, Order, Task } from './task.js'

const task = JSON.parse(process.argv[2] ?? '') as Task
const { endpoint, election, name, session: options, elections = 1 } = task

function tell<E extends Event>(event: E, fact: Facts[E]): void {
  process.send?.({ event, at: now(), ...fact })
}

let look = (): boolean => false

async function ours(): Promise<never> {
  const etcd = new Etcd({ endpoints: [endpoint] })
  const session = new Session(etcd, options)
  session.on('guardianStarted', ({ pid }) => {
    tell('guardian', { pid })
  })
  session.on('workerStarted', () => {
    tell('worker', {})
  })
  const threads = ticksOfThreads().map(([thread]) => thread)
  await session.open()
  tell('open', { threads })
  const candidates = Array.from({ length: elections }, (_, index) => {
    const own = index === 0 ? election : `${election}-${index}`
    return new Candidate(session, { election: own, name })
  })
  for (;;) {
    const leaderships = await Promise.all(candidates.map((candidate) => candidate.campaign()))
    look = () => leaderships[0]?.isValid() ?? false
    tell('elected', {})
    await leaderships[0]?.ended
  }
}

/** Used as its documentation shows. */
function etcd3(): void {
  const client = new Etcd3({ hosts: [endpoint] })
  const campaign = client.election(election, options.ttl).campaign(name)
  let leads = false
  look = () => leads
  campaign.on('elected', () => {
    leads = true
    tell('elected', {})
  })
  campaign.on('error', () => {
    leads = false
    tell('lost', {})
  })
  tell('open', { threads: [] })
}

function block(ms: number): void {
  const end = now() + ms
  while (now() < end);
}

/** Blocks the event loop as a busy one does, but takes no CPU from other processes. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'block':
    case 'sleep':
      tell('blocking', {})
      ;(order.do === 'block' ? block : sleep)(order.ms)
      tell('unblocked', { leads: look() })
      return
    case 'look':
      tell('looked', { leads: look() })
      return
    case 'ticks':
      tell('ticks', { ticks: ticksOfThreads() })
  }
})
process.on('disconnect', () => process.exit())

if (task.library === 'etcd3') etcd3()
else await ours()
