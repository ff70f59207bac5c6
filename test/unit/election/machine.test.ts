// Explores the machine exhaustively: every order of all inputs that two or three candidates can get
// within a number of steps, in an environment that keeps etcd's rules, and also with keys taken
// away by hand. The guarantees are the invariants.

import { describe, expect, test } from 'vitest'
import {
  type Effect,
  initial,
  type Input,
  type State,
  step,
} from '../../../src/election/machine.js'
import type { Candidacy } from '../../../src/election/requests.js'

/**
 * One candidate: its machine, its lease and its key in etcd, and how far it has seen the election.
 */
interface One {
  readonly state: State
  /** The lease as the process sees it; a dead one is replaced when it joins. Zero: none. */
  readonly lease: number
  /**
   * Whether the process still takes its lease for alive. Without a hand it never does so after etcd
   * has ended the lease.
   */
  readonly believes: boolean
  /** The token of its key in etcd; 0 when there is none. */
  readonly key: number
  /** The candidate has seen all changes up to this one. */
  readonly seen: number
  /** A request to make or to remove the key is under way. */
  readonly joins: boolean
  readonly leaves: boolean
  /** The fencing token between `elected` and `ended`. */
  readonly leads: number
  /** The campaign's promise is pending. */
  readonly pending: boolean
}

/** The election at each revision: tokens by candidate, 0 for none. */
interface World {
  readonly ones: readonly One[]
  readonly history: readonly (readonly number[])[]
  readonly lastLeader: number
  /**
   * Whether a hand took a key away. A leader that has not heard of it yet may lead beside another,
   * or after a younger one.
   */
  readonly handled: boolean
}

type Move = readonly [name: string, next: World]

const stranger: One = {
  state: initial,
  lease: 0,
  believes: false,
  key: 0,
  seen: 0,
  joins: false,
  leaves: false,
  leads: 0,
  pending: false,
}

class Broken extends Error {}

function candidacyOf(index: number, fencingToken: number): Candidacy {
  return { election: 'e', term: `e/${String(index)}`, fencingToken: BigInt(fencingToken) }
}

/** Gives one machine an input, and performs the effects that it returns. */
function tell(world: World, index: number, input: Input, change: Partial<One> = {}): World {
  const before = { ...(world.ones[index] ?? stranger), ...change }
  const [state, ...effects] = step(before.state, input)
  let next: One = { ...before, state }
  let { lastLeader } = world
  for (const effect of effects) {
    ;[next, lastLeader] = perform(next, effect, index, lastLeader, world.handled)
  }
  if (next.leads > 0 && state.at !== 'leading') throw new Broken('a term is over and not told so')
  if (state.at === 'leading' && next.leads === 0) throw new Broken('a term that was never told')
  if (next.pending && (state.at === 'idle' || state.at === 'leading')) {
    throw new Broken(`a campaign that never settles in ${state.at}`)
  }
  return { ...world, lastLeader, ones: world.ones.map((one, at) => (at === index ? next : one)) }
}

function perform(
  one: One,
  effect: Effect,
  index: number,
  last: number,
  handled: boolean,
): [One, number] {
  switch (effect.do) {
    case 'join':
      return [{ ...one, joins: true }, last]
    case 'stopJoining':
      return [{ ...one, joins: false }, last]
    case 'leave':
      return [{ ...one, leaves: true }, last]
    case 'elected': {
      const token = Number(effect.candidacy.fencingToken)
      if (one.leads > 0) throw new Broken('elected twice')
      if (!one.pending) throw new Broken('elected after the campaign was over')
      if (!one.believes) throw new Broken('elected with a dead lease')
      if (!handled && token <= last) throw new Broken('a token that did not grow')
      if (effect.candidacy.term !== `e/${String(index)}`) throw new Broken('another’s key')
      return [{ ...one, leads: token, pending: false }, Math.max(last, token)]
    }
    case 'ended':
      if (one.leads === 0) throw new Broken('told the end of no term')
      return [{ ...one, leads: 0 }, last]
    case 'campaignFailed':
    case 'campaignClosed':
      if (!one.pending) throw new Broken('a campaign that failed twice, or none')
      return [{ ...one, pending: false }, last]
  }
}

function replace(world: World, index: number, change: Partial<One>): World {
  return {
    ...world,
    ones: world.ones.map((one, at) => (at === index ? { ...one, ...change } : one)),
  }
}

/** Makes a change in etcd: a new revision. */
function write(world: World, index: number, key: number): World {
  const ones = world.ones.map((one, at) => (at === index ? { ...one, key } : one))
  return { ...world, ones, history: [...world.history, ones.map((one) => one.key)] }
}

function look(world: World, index: number, seen: number): World {
  const one = world.ones[index] ?? stranger
  const keys = world.history[seen - 1] ?? []
  const own = keys[index] ?? 0
  const tokens = keys.filter((token) => token > 0)
  const view = {
    own: own > 0 ? candidacyOf(index, own) : undefined,
    first: tokens.length > 0 ? BigInt(Math.min(...tokens)) : undefined,
    leaseValid: one.believes,
    delayed: false,
  }
  return tell(world, index, { is: 'seen', view }, { seen })
}

function* movesOf(world: World, index: number, byHand: boolean): Generator<Move> {
  const one = world.ones[index] ?? stranger
  const id = String(index)
  const { at } = one.state
  const revision = world.history.length
  if ((at === 'idle' || at === 'leaving') && !one.pending) {
    yield [`${id} campaigns`, tell(world, index, { is: 'campaign' }, { pending: true })]
  }
  if (one.pending) {
    // The caller that gives up gets its rejection first, then the machine gets its input.
    const given = { pending: false }
    yield [`${id} gives up`, tell(world, index, { is: 'withdraw', end: 'resigned' }, given)]
  } else if (at === 'leading') {
    yield [`${id} resigns`, tell(world, index, { is: 'withdraw', end: 'resigned' })]
  }
  if (one.joins) {
    const lease = one.believes ? one.lease : one.lease + 1
    const token = one.believes && one.key > 0 ? one.key : revision + 1
    const joined = token === one.key ? world : write(world, index, token)
    const holding = replace(joined, index, { lease, believes: true, joins: false })
    const seen = holding.history.length
    const input: Input = { is: 'joined', candidacy: candidacyOf(index, token) }
    yield [`${id} joins`, look(tell(holding, index, input, { seen }), index, seen)]
    // The key is made and the answer lost, or the key is not made.
    const lost: Input = { is: 'joinFailed', mayHaveJoined: true, error: undefined }
    if (!(one.state.at === 'joining' && one.state.again)) {
      yield [`${id} joins, unheard`, tell(holding, index, lost)]
      const refused: Input = { is: 'joinFailed', mayHaveJoined: false, error: undefined }
      yield [`${id} is refused`, tell(world, index, refused, { joins: false })]
    }
  }
  if (one.leaves) {
    const gone = one.key > 0 ? write(world, index, 0) : world
    yield [`${id} has left`, tell(gone, index, { is: 'left' }, { leaves: false })]
    yield [`${id} fails to leave`, tell(world, index, { is: 'leaveFailed', error: undefined })]
  }
  if (one.seen < revision && at !== 'joining') {
    yield [`${id} looks`, look(world, index, one.seen + 1)]
  }
  if (one.believes) {
    // The candidate knows before etcd acts: that is what the deadline is for.
    const dead = { believes: false, leaves: false }
    yield [`${id} expires`, tell(world, index, { is: 'leaseLost', loss: 'expired' }, dead)]
  } else if (one.key > 0 && !one.joins) {
    yield [`${id}'s key runs out`, write(world, index, 0)]
  }
  if (byHand && one.key > 0) {
    yield [`a hand takes ${id}'s key`, write({ ...world, handled: true }, index, 0)]
  }
}

/** The candidates that act as the leader: elected, and with a lease that they take for alive. */
function leaders(world: World): number[] {
  return world.ones.flatMap((one, index) => (one.leads > 0 && one.believes ? [index] : []))
}

function check(world: World): void {
  const leading = leaders(world)
  if (!world.handled && leading.length > 1)
    throw new Broken(`two lead at once: ${leading.join(' and ')}`)
  for (const index of leading) {
    const one = world.ones[index]
    if (!world.handled && one?.key !== one?.leads) throw new Broken('leads without its key')
  }
}

/** All news arrives and no new fault happens: in the end a candidate has to lead. */
function settle(world: World): World {
  let next = world
  for (let round = 0; round < 60; round++) {
    const moves = next.ones.flatMap((_, index) =>
      [...movesOf(next, index, false)].filter(([name]) =>
        /(joins|looks|has left|runs out)$/.test(name),
      ),
    )
    const [move] = moves
    if (move === undefined) return next
    next = move[1]
  }
  throw new Broken('it never comes to rest')
}

/**
 * Explores all orders of moves up to a depth. A state that was met with as many steps left is not
 * explored again.
 */
function explore(count: number, depth: number, byHand: boolean) {
  const start: World = {
    ones: Array.from({ length: count }, () => stranger),
    history: [],
    lastLeader: 0,
    handled: false,
  }
  const met = new Map<string, number>()
  const sum = { states: 0, moves: 0, elections: 0 }
  const path: string[] = []
  const visit = (world: World, left: number): void => {
    const id = JSON.stringify(world, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    )
    const before = met.get(id)
    if (before !== undefined && before >= left) return
    if (before === undefined) {
      sum.states += 1
      if (leaders(world).length > 0) sum.elections += 1
      check(world)
      const rest = settle(world)
      const wants = rest.ones.some((one) => one.pending)
      if (wants && leaders(rest).length === 0) throw new Broken('waited for, and nobody leads')
    }
    met.set(id, left)
    if (left === 0) return
    for (let index = 0; index < count; index++) {
      const moves = movesOf(world, index, byHand)
      for (;;) {
        const move = moves.next()
        if (move.done === true) break
        const [name, next] = move.value
        sum.moves += 1
        path.push(name)
        visit(next, left - 1)
        path.pop()
      }
    }
  }
  try {
    visit(start, depth)
  } catch (error) {
    if (error instanceof Broken) throw new Error(`${error.message}, after: ${path.join(', ')}`)
    throw error
  }
  return sum
}

describe('every order of events', () => {
  test.each([
    { count: 2, depth: 9, byHand: false },
    { count: 2, depth: 8, byHand: true },
    { count: 3, depth: 6, byHand: false },
  ])(
    'of $count candidates in $depth steps keeps the promises (keys taken away by hand: $byHand)',
    ({ count, depth, byHand }) => {
      const sum = explore(count, depth, byHand)
      console.log(
        `${String(count)} candidates, ${String(depth)} steps: ${String(sum.states)} states, ${String(sum.moves)} moves, somebody leads in ${String(sum.elections)}`,
      )
      expect(sum.states).toBeGreaterThan(1_000)
      expect(sum.elections).toBeGreaterThan(100)
    },
    120_000,
  )
})
