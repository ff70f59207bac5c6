// Faults of the clocks of a candidate's process.

import type { Subject } from '../subject.js'
import type { World } from '../world.js'
import { type Fault, haveLead, wait } from './fault.js'

function faked(world: World, { all }: { all: boolean }): Subject {
  const subject = world.candidates.find(({ clock }) => clock?.all === all)
  if (subject === undefined) throw new Error('no candidate’s clocks can be set')
  return subject
}

async function cutOff(subject: Subject, ms: number): Promise<void> {
  for (const proxy of subject.proxies) proxy.blackhole()
  await wait(ms)
  for (const proxy of subject.proxies) proxy.heal()
}

/**
 * Restarts the process, and its monotonic clock with it: no program copes with one that goes back.
 */
async function startAnew(subject: Subject, time: string): Promise<void> {
  await subject.kill()
  subject.clock?.set(time)
  subject.start()
}

export const clockFaults: readonly Fault[] = [
  {
    name: 'step a wall clock',
    needs: 'faketime',
    async run(world, random) {
      const subject = faked(world, { all: false })
      await haveLead(world, subject)
      const seconds = Math.round(random.pick([-1, 1]) * random.between(1, 60))
      subject.clock?.set(`${seconds < 0 ? '' : '+'}${String(seconds)}`)
      await wait(1.5 * world.ttlMs)
      subject.clock?.set('+0')
      await wait(0.5 * world.ttlMs)
      return { on: `${subject.name} by ${String(seconds)} s` }
    },
  },
  {
    name: 'set a wall clock back, then cut off',
    needs: 'faketime',
    async run(world, random) {
      const subject = faked(world, { all: false })
      await haveLead(world, subject)
      const seconds = Math.round(random.between(5, 60))
      subject.clock?.set(`-${String(seconds)}`)
      await cutOff(subject, 2.2 * world.ttlMs)
      subject.clock?.set('+0')
      return { on: `${subject.name} by ${String(seconds)} s` }
    },
  },
  {
    name: 'set all clocks of a process ahead',
    needs: 'faketime',
    async run(world, random) {
      const subject = faked(world, { all: true })
      await haveLead(world, subject)
      const seconds = Math.round(random.between(1, 20))
      subject.clock?.set(`+${String(seconds)}`)
      await wait(1.5 * world.ttlMs)
      await startAnew(subject, '+0')
      return { on: `${subject.name} by ${String(seconds)} s` }
    },
  },
  {
    name: 'run the clocks of a process 4 % slow or fast, then cut off',
    needs: 'faketime',
    async run(world, random) {
      const subject = faked(world, { all: true })
      const rate = random.pick(['0.96', '1.04'])
      await startAnew(subject, `+0 x${rate}`)
      await wait(300)
      await haveLead(world, subject)
      await cutOff(subject, 2.2 * world.ttlMs)
      await startAnew(subject, '+0')
      return { on: `${subject.name} at ${rate}` }
    },
  },
]
