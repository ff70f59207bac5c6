// The mutants: each is the library without one safeguard, and names the judges that must catch it.
// Anchors name the places, so code may move. Whoever renames something renames it here too: an
// anchor that leads nowhere fails the bundling.

import { anywhere, inFunction } from './anchor.js'
import type { Rule } from './faults/oracle/verdict.js'
import type { Mutation } from './mutation.js'
import type { Rule as SimRule } from './sim/oracle.js'

export interface Mutant extends Mutation {
  /** The safeguard that is missing. */
  readonly without: string
  /** What the simulation needs to catch it. */
  readonly sim?: {
    /** The rule that it must break. Other violations do not count. */
    readonly shows: SimRule
    /** The simulation must catch it in so many schedules, whatever their seeds. */
    readonly within: number
    /** Set where only schedules with this value show it. */
    readonly lockDelay?: boolean
  }
  /** What the fault harness needs to catch it. */
  readonly faults?: {
    /** The rule that it must break. Other violations do not count. */
    readonly shows: Rule
    /** The faults that show it best. The harness plays only these, to save time. */
    readonly faults: readonly string[]
    /** The TTL in seconds that shows it, if it must be a certain one. */
    readonly ttlS?: number
  }
}

const losingTheMonotonicClock = {
  at: inFunction('remainingMs').call('Math.min').argument('monotonic'),
  to: 'Infinity',
}
const answeringNow = {
  at: inFunction('KeepAlives.#answered').property('sentAt'),
  to: 'this.#now()',
}
const notLookingAtTheClock = { at: inFunction('Lease.remainingMs').call('remainingMs'), to: '1' }
const stayingWithoutKey = {
  at: inFunction('whenWaiting').ifStatement('own').returned(),
  to: '[state]',
}

export const mutants: readonly Mutant[] = [
  {
    name: 'stamped-at-reply',
    without: 'counting a grant and a renewal from their sending',
    changes: [
      answeringNow,
      {
        at: inFunction('grantLease').call('afterGrant').argument('since'),
        to: '{ monotonicMs: api.clock.monotonicMs(), wallMs: api.clock.wallMs() }',
      },
    ],
    faults: {
      shows: 'two leaders at once',
      faults: ['open a session over a slow way, then cut it off'],
      ttlS: 2,
    },
  },
  {
    name: 'renewal-stamped-at-reply',
    without: 'counting a renewal from its sending',
    changes: [answeringNow],
    sim: { shows: 'two leaders at once', within: 500, lockDelay: false },
  },
  {
    name: 'timer-only',
    without: 'looking at the clock when isValid() is asked',
    changes: [notLookingAtTheClock],
    sim: { shows: 'two leaders at once', within: 150 },
    faults: {
      shows: 'two leaders at once',
      faults: ['block the leader’s event loop past its TTL', 'stop the leader past its TTL'],
    },
  },
  {
    name: 'no-deadline',
    without: 'a deadline: only what etcd says counts',
    changes: [
      notLookingAtTheClock,
      { at: inFunction('Lease.#watchExpiry').condition('leftMs'), to: 'false' },
    ],
    faults: { shows: 'two leaders at once', faults: ['black-hole the leader past its TTL'] },
  },
  {
    name: 'unverified',
    without: 'confirming renewals by a reading in the same raft term',
    changes: [{ at: inFunction('confirm').condition('raftTerm').operand('raftTerm'), to: 'false' }],
    sim: { shows: 'two leaders at once', within: 2_000, lockDelay: false },
  },
  {
    name: 'no-raft-term',
    without: 'comparing the raft term of an acknowledgement with that of a reading',
    changes: [
      {
        at: inFunction('LoopRenewal.#answered').call('#confirmByReading'),
        to: '(this.#keys.length > 0 && this.confirm(this.#deadline.unconfirmed, raftTerm))',
      },
    ],
    faults: {
      shows: 'two leaders at once',
      faults: ['freeze the leader of etcd, alone with the leader of the election'],
      ttlS: 4,
    },
  },
  {
    name: 'monotonic-only',
    without: 'the wall clock, beside a monotonic one that stands still while a machine sleeps',
    changes: [{ at: inFunction('remainingMs').call('Math.min').argument('wall'), to: 'Infinity' }],
    sim: { shows: 'two leaders at once', within: 500 },
  },
  {
    name: 'wall-only',
    without: 'the monotonic clock, when isValid() is asked',
    changes: [losingTheMonotonicClock],
    sim: { shows: 'two leaders at once', within: 10_000 },
  },
  {
    name: 'wall-clock',
    without: 'the monotonic clock',
    changes: [
      losingTheMonotonicClock,
      {
        at: inFunction('Lease.#leftMs').returned('possiblyRemainingMs'),
        to: 'remainingMs(deadline, this.#now())',
      },
    ],
    faults: { shows: 'two leaders at once', faults: ['set a wall clock back, then cut off'] },
  },
  {
    name: 'no-drift',
    without: 'room for clocks that run at different rates',
    changes: [
      { at: inFunction('validForMs').reference('clockDrift'), to: '0' },
      { at: inFunction('validForMs').reference('marginMs'), to: '0' },
    ],
    sim: { shows: 'two leaders at once', within: 150, lockDelay: false },
  },
  {
    name: 'wins-without-lease',
    without: 'a valid lease at the moment of winning',
    changes: [
      {
        at: inFunction('whenWaiting').condition('leaseValid').operand('leaseValid'),
        to: 'true',
      },
    ],
    sim: { shows: 'elected without a valid lease', within: 2_000 },
  },
  {
    name: 'phantom',
    without: 'looking for its own key before it wins',
    changes: [
      { at: inFunction('whenWaiting').condition('own'), to: 'false' },
      { at: inFunction('whenWaiting').condition('first').operand('first').operator(), to: '>=' },
    ],
    faults: {
      shows: 'told "elected" with a dead key',
      faults: ['delete the key of one who waits, then have the leader resign'],
    },
  },
  {
    name: 'no-rejoin-at-once',
    without: 'joining again when a waiting candidate lost its key',
    changes: [stayingWithoutKey],
    sim: { shows: 'did not join again', within: 50 },
  },
  {
    name: 'no-rejoin',
    // The second change keeps the lease: without it the next lease would bring the next key.
    without: 'joining again when a waiting candidate lost its key, be it by the next lease',
    changes: [
      stayingWithoutKey,
      { at: inFunction('LoopRenewal.#confirmByReading').condition('kvs'), to: 'false' },
    ],
    faults: {
      shows: 'keys and candidates differ after calm',
      faults: ['delete the key of one who waits, then have the leader resign'],
    },
  },
  {
    name: 'deaf-to-deletion',
    without: 'watching its own key while it leads',
    changes: [{ at: inFunction('whenLeading').condition('own'), to: 'true' }],
    sim: { shows: 'not told that its key is gone', within: 50 },
    faults: { shows: 'two leaders at once', faults: ['delete a key'] },
  },
  {
    name: 'keeps-its-key',
    without: 'removing the key when it resigns',
    changes: [{ at: inFunction('leaveOnce').condition('own'), to: 'false' }],
    faults: {
      shows: 'no leader after calm',
      faults: ['have the leader resign while the next one is cut off for a moment'],
    },
  },
  {
    name: 'stuck-leaving',
    without: 'noticing that a lease was lost before its key is to be removed',
    changes: [{ at: inFunction('HeldLease.alive').condition('loss'), to: 'true' }],
    sim: { shows: 'not healed', within: 300 },
  },
  {
    name: 'untold',
    without: 'telling those who depend on a lease that it is lost',
    changes: [{ at: inFunction('Lease.end').call('lost'), to: 'undefined' }],
    sim: { shows: 'not healed', within: 50 },
  },
  {
    name: 'loses-its-place',
    without: 'going on from the last revision seen when a watch is opened again',
    changes: [{ at: anywhere.call('watchRequest').argument('nextRevision'), to: '0n' }],
    sim: { shows: 'not healed', within: 50 },
    faults: {
      shows: 'no leader after calm',
      faults: ['have the leader resign while the next one is cut off for a moment'],
    },
  },
  {
    name: 'deaf-to-compaction',
    without: 'reading the election anew when its history was compacted',
    changes: [{ at: anywhere.call('sink.compacted'), to: 'undefined' }],
    sim: { shows: 'not healed', within: 300 },
    faults: {
      shows: 'no leader after calm',
      faults: ['compact at the revision that the next one watches from, when the leader resigns'],
    },
  },
  {
    name: 'no-require-leader',
    without: 'asking members that lost their leader to say so',
    changes: [{ at: anywhere.property('hasleader'), to: `'false'` }],
    faults: {
      shows: 'no leader although etcd could be reached',
      faults: ['isolate a follower of etcd, which all clients watch, and have the leader resign'],
    },
  },
  {
    name: 'no-lock-delay',
    without: 'the wait for those who led before, where it is asked for',
    changes: [{ at: inFunction('LockDelay.holdsBack').returned('delayMs'), to: 'false' }],
    sim: { shows: 'two leaders at once', within: 50, lockDelay: true },
  },
  {
    name: 'blind-lock-delay',
    without: 'suspecting those whose key went without a mark',
    changes: [{ at: inFunction('FormerLeaders.apply').condition('isMarked'), to: 'false' }],
    sim: { shows: 'two leaders at once', within: 50, lockDelay: true },
  },
]

export type Judge = 'sim' | 'faults'
export type JudgedBy<J extends Judge> = Mutant & Required<Pick<Mutant, J>>

/** The mutants that this judge must catch. */
export function mutantsOf<J extends Judge>(judge: J): JudgedBy<J>[] {
  return mutants.filter((mutant): mutant is JudgedBy<J> => mutant[judge] !== undefined)
}
