// Faults that an operator, or an operator's program, causes in etcd: deleting, compacting, filling,
// switching authentication on.

import { root } from '../gateway.js'
import type { Random } from '../random.js'
import type { World } from '../world.js'
import { aWhile, type Done, type Fault, wait } from './fault.js'

/** Picks the oldest key three times out of five: the leader has the most to lose. */
async function anyKey(world: World, random: Random) {
  const held = await world.keys()
  if (held.length === 0) throw new Error('nobody has a key')
  return random.next() < 0.6 ? held[0] : random.pick(held)
}

export async function compact(world: World, revision?: bigint): Promise<void> {
  const latest = (await world.etcd.list('none')).revision
  await world.etcd.post('/v3/kv/compaction', { revision: String(revision ?? latest) })
}

async function defragment(world: World): Promise<void> {
  for (const member of world.cluster.members) {
    if (member.isRunning) await world.etcd.ask(member.endpoint, '/v3/maintenance/defragment', {})
  }
}

/** Has the leader resign while the next candidate is cut off, so that it learns of it late. */
async function resignUnnoticed(
  world: World,
  random: Random,
  meanwhile: () => Promise<void>,
): Promise<Done> {
  const [, next] = await world.keys()
  const subject = world.candidates.find(({ name }) => name === next?.value)
  if (subject === undefined) throw new Error('nobody waits')
  for (const proxy of subject.proxies) proxy.refuse()
  await wait(100)
  const leader = await world.leader()
  leader?.send({ do: 'resign' })
  await meanwhile()
  await wait(random.between(0.1, 0.5) * world.ttlMs)
  for (const proxy of subject.proxies) proxy.heal()
  return { on: `${leader?.name ?? 'nobody'}, then ${subject.name}` }
}

/** An earlier fault may have made it already. */
async function unlessThere(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!/already|exist|granted/.test(String(error))) throw error
  })
}

export const handFaults: readonly Fault[] = [
  {
    name: 'revoke a lease',
    async run(world, random) {
      const key = await anyKey(world, random)
      if (key === undefined) return { on: 'nobody' }
      await world.etcd.post('/v3/lease/revoke', { ID: String(key.lease) })
      return { on: key.value, excuse: { by: 'hand', tokens: [key.create] } }
    },
  },
  {
    name: 'delete a key',
    async run(world, random) {
      const key = await anyKey(world, random)
      if (key === undefined) return { on: 'nobody' }
      await world.etcd.delete(key.key)
      return { on: key.value, excuse: { by: 'hand', tokens: [key.create] } }
    },
  },
  {
    name: 'delete the key of one who waits, then have the leader resign',
    async run(world) {
      const [leader, next] = await world.keys()
      if (leader === undefined || next === undefined) throw new Error('nobody waits')
      await world.etcd.delete(next.key)
      await wait(100)
      ;(await world.leader())?.send({ do: 'resign' })
      await wait(0.5 * world.ttlMs)
      return { on: next.value, excuse: { by: 'hand', tokens: [next.create] } }
    },
  },
  {
    name: 'compact and defragment',
    async run(world) {
      await compact(world)
      await defragment(world)
      return { on: 'all' }
    },
  },
  {
    // Its watch misses changes, and the revision that it would continue from is compacted.
    name: 'compact at the revision that the next one watches from, when the leader resigns',
    run: (world, random) =>
      resignUnnoticed(world, random, async () => {
        const watchedFrom = (await world.etcd.list('none')).revision + 1n
        for (let put = 0; put < 4; put++) await world.etcd.put('beside', String(put))
        await compact(world, watchedFrom + BigInt(Math.floor(random.between(-1, 3))))
      }),
  },
  {
    name: 'have the leader resign while the next one is cut off for a moment',
    run: (world, random) => resignUnnoticed(world, random, () => Promise.resolve()),
  },
  {
    name: 'fill etcd',
    alone: true,
    async run(world, random) {
      const big = 'x'.repeat(500_000)
      try {
        for (let put = 0; put < 100; put++) await world.etcd.put('big', big)
      } catch (error) {
        if (!String(error).includes('exceeded')) throw error
      }
      await wait(random.between(0.2, 1) * world.ttlMs)
      await compact(world)
      await defragment(world)
      const { alarms } = (await world.etcd.post('/v3/maintenance/alarm', { action: 'GET' })) as {
        alarms?: object[]
      }
      for (const alarm of alarms ?? []) {
        await world.etcd.post('/v3/maintenance/alarm', { action: 'DEACTIVATE', ...alarm })
      }
      return { on: 'all' }
    },
  },
  {
    name: 'switch authentication on, with tokens that expire',
    needs: 'sign in',
    alone: true,
    async run(world, random) {
      const { etcd } = world
      await unlessThere(etcd.post('/v3/auth/role/add', { name: 'root' }))
      await unlessThere(etcd.post('/v3/auth/user/add', root))
      await unlessThere(etcd.post('/v3/auth/user/grant', { user: root.name, role: 'root' }))
      await etcd.post('/v3/auth/enable', {})
      try {
        await etcd.signIn()
        // Any change of the users makes every sign-in token void.
        if (random.next() < 0.5) {
          await wait(0.5 * world.ttlMs)
          await unlessThere(
            etcd.post('/v3/auth/role/add', { name: `role-${String(random.next())}` }),
          )
        }
        await wait(Math.max(3_000, aWhile(world, random)))
      } finally {
        await etcd.signIn()
        await etcd.post('/v3/auth/disable', {})
        etcd.signOut()
      }
      return { on: 'all' }
    },
  },
]
