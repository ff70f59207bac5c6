// Faults of candidates' processes.

import { aWhile, type Fault, onCandidate, wait } from './fault.js'

export const candidateFaults: readonly Fault[] = [
  onCandidate('kill a candidate', async (subject, world, random) => {
    await subject.kill()
    await wait(random.between(0.1, 1.5) * world.ttlMs)
    subject.start()
  }),
  onCandidate('stop a candidate', async (subject, world, random) => {
    subject.signal('SIGSTOP')
    await wait(aWhile(world, random))
    subject.signal('SIGCONT')
  }),
  {
    name: 'stop the leader past its TTL',
    async run(world) {
      const subject = (await world.leader()) ?? world.candidates[0]
      subject?.signal('SIGSTOP')
      await wait(2.2 * world.ttlMs)
      subject?.signal('SIGCONT')
      return { on: subject?.name ?? 'nobody' }
    },
  },
  onCandidate('block an event loop', async (subject, world, random) => {
    const ms = aWhile(world, random)
    subject.send({ do: 'block', ms })
    await wait(ms)
  }),
  {
    name: 'block the leader’s event loop past its TTL',
    async run(world) {
      const subject = (await world.leader()) ?? world.candidates[0]
      subject?.send({ do: 'block', ms: 2.2 * world.ttlMs })
      await wait(2.2 * world.ttlMs)
      return { on: subject?.name ?? 'nobody' }
    },
  },
]
