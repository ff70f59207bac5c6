// Faults of the processes of etcd's members.

import { spawn } from 'node:child_process'
import { now } from '../host-clock.js'
import { aWhile, type Fault, indexOf, wait } from './fault.js'

export const memberFaults: readonly Fault[] = [
  {
    name: 'kill a member',
    async run(world, random) {
      const member = random.pick(world.cluster.members)
      await member.kill()
      await wait(aWhile(world, random))
      await member.restart()
      return { on: String(indexOf(world, member)) }
    },
  },
  {
    name: 'restart a member in good order',
    async run(world, random) {
      const member = random.pick(world.cluster.members)
      await member.stop()
      await member.restart()
      return { on: String(indexOf(world, member)) }
    },
  },
  {
    name: 'restart all of etcd',
    alone: true,
    async run(world, random) {
      await Promise.all(world.cluster.members.map((member) => member.kill()))
      await wait(aWhile(world, random))
      await Promise.all(world.cluster.members.map((member) => member.restart()))
      return { on: 'all' }
    },
  },
  {
    name: 'hang a follower of etcd',
    async run(world, random) {
      const member = random.pick(await world.cluster.followers())
      await member.pause()
      await wait(aWhile(world, random))
      member.resume()
      await member.ready()
      return { on: String(indexOf(world, member)) }
    },
  },
  {
    name: 'pause the leader of etcd',
    alone: true,
    async run(world, random) {
      const member = await world.cluster.leader()
      await member.pause()
      await wait(random.between(0.8, 1.4) * world.ttlMs)
      const from = now()
      member.resume()
      await member.ready()
      return { on: String(indexOf(world, member)), excuse: { by: 'etcd', from } }
    },
  },
  {
    name: 'move the leader of etcd',
    async run(world) {
      const member = await world.cluster.moveLeader()
      return { on: String(indexOf(world, member)) }
    },
  },
  {
    name: 'slow the disk of the leader of etcd',
    needs: 'strace',
    async run(world, random) {
      const from = now()
      const member = await world.cluster.leader()
      const delayUs = String(Math.round(random.between(0.1, 0.6) * world.ttlMs * 1_000))
      const slow = ['fsync', 'fdatasync'].join(',')
      const strace = spawn(
        'strace',
        [
          ...['-f', '-qq', '-o', '/dev/null', '-e', `trace=${slow}`],
          ...['-e', `inject=${slow}:delay_enter=${delayUs}`, '-p', String(member.pid)],
        ],
        { stdio: 'ignore' },
      )
      const gone = new Promise((resolve) => {
        strace.once('exit', resolve)
        strace.once('error', resolve)
      })
      await wait(aWhile(world, random))
      strace.kill('SIGINT')
      await gone
      await member.ready()
      return { on: String(indexOf(world, member)), excuse: { by: 'etcd', from } }
    },
  },
]
