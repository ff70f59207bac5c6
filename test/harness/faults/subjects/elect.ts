// A candidate of this library, as a service would use it.

import { Candidate, Etcd, type Leadership } from '../../../../src/index.js'
import { Belief } from './belief.js'
import { Recorder } from './recorder.js'
import { Work } from './work.js'
import { onCommand, task } from './task.js'

const recorder = new Recorder(task.log, task.uptimeOffset)
const belief = new Belief(recorder)
const work = new Work(recorder)
const stop = new AbortController()

const etcd = new Etcd({
  endpoints: task.endpoints,
  user: task.user.name,
  password: task.user.password,
  callTimeoutMs: 10_000,
})
const candidate = new Candidate(etcd, {
  election: task.election,
  name: task.name,
  ttl: task.ttlS,
  lockDelay: task.lockDelay,
})
let stepDown: () => void = () => undefined
/** One promise for each term; all have to settle. */
const told: Promise<void>[] = []

onCommand((command) => {
  switch (command.do) {
    case 'block':
      belief.block(command.ms)
      return
    case 'resign':
      stepDown()
      return
    case 'close':
      stop.abort()
      return
  }
  command satisfies never
})
setInterval(() => {
  recorder.write({ is: 'size', heapMb: process.memoryUsage().heapUsed / 2 ** 20 })
}, 1_000)

async function lead(leadership: Leadership): Promise<void> {
  const token = String(leadership.fencingToken)
  recorder.write({ is: 'elected', token, term: leadership.term })
  belief.in({ token, believes: () => leadership.isValid() })
  work.during(token, () => leadership.isValid())
  told.push(
    leadership.ended.then((why) => {
      recorder.write({ is: 'ended', token, why })
    }),
  )
  await new Promise<void>((resolve) => {
    leadership.signal.addEventListener('abort', () => {
      resolve()
    })
    stepDown = resolve
    setTimeout(resolve, task.termMs * (0.5 + Math.random()))
  })
}

while (!stop.signal.aborted) {
  try {
    await candidate.lead(lead, { signal: stop.signal })
  } catch (error) {
    recorder.write({ is: 'failed', call: 'lead', error: String(error) })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
await candidate.close().catch((error: unknown) => {
  recorder.write({ is: 'failed', call: 'close', error: String(error) })
})
await Promise.all(told)
belief.over()
await etcd.close()
recorder.write({ is: 'closed' })
process.exit(0)
