// The library with one safeguard switched off, each. The harness has to find every one of them.

import type { Rule } from './oracle/verdict.js'

export interface Mutant {
  readonly name: string
  readonly without: string
  /** What is replaced in the source. Each must be there exactly once. */
  readonly changes: readonly {
    readonly file: string
    readonly from: string
    readonly to: string
  }[]
  /** How it shows: what else may come of it does not count as caught. */
  readonly shows: Rule
  /** The faults that it is most sensitive to; others are left out to save time. */
  readonly faults: readonly string[]
  /** In seconds, when it takes a certain one to show it. */
  readonly ttlS?: number
}

export const mutants: readonly Mutant[] = [
  {
    name: 'stamped-at-reply',
    without: 'counting a renewal from its sending',
    changes: [
      {
        file: 'src/lease/keep-alives.ts',
        from: 'this.#onAnswer({\n      sentAt,',
        to: 'this.#onAnswer({\n      sentAt: this.#now(),',
      },
      {
        file: 'src/lease/grant.ts',
        from: 'afterGrant(since, validForMs(grantedS, clockDrift))',
        to: 'afterGrant({ ...since, monotonicMs: api.clock.monotonicMs(), wallMs: api.clock.wallMs() }, validForMs(grantedS, clockDrift))',
      },
    ],
    shows: 'two leaders at once',
    faults: ['open a session over a slow way, then cut it off'],
    ttlS: 2,
  },
  {
    name: 'timer-only',
    without: 'looking at the clock when isValid() is asked',
    changes: [
      {
        file: 'src/lease/lease.ts',
        from: 'return remainingMs(this.#deadline, now)',
        to: 'void now; return 1',
      },
    ],
    shows: 'two leaders at once',
    faults: ['block the leader’s event loop past its TTL', 'stop the leader past its TTL'],
  },
  {
    name: 'no-deadline',
    without: 'a deadline: only what etcd says counts',
    changes: [
      {
        file: 'src/lease/lease.ts',
        from: 'return remainingMs(this.#deadline, now)',
        to: 'void now; return 1',
      },
      { file: 'src/lease/lease.ts', from: 'if (leftMs <= 0) {', to: 'if (leftMs < -Infinity) {' },
    ],
    shows: 'two leaders at once',
    faults: ['black-hole the leader past its TTL'],
  },
  {
    name: 'wall-clock',
    without: 'the monotonic clock',
    changes: [
      {
        file: 'src/lease/deadline.ts',
        from: 'Math.max(0, Math.min(monotonic, wall))',
        to: 'Math.max(0, wall + 0 * monotonic)',
      },
      {
        file: 'src/lease/lease.ts',
        from: 'return possiblyRemainingMs(deadline, this.#api.clock.monotonicMs())',
        to: 'return remainingMs(deadline, this.#now()) + 0 * possiblyRemainingMs(deadline, 0)',
      },
    ],
    shows: 'two leaders at once',
    faults: ['set a wall clock back, then cut off'],
  },
  {
    name: 'phantom',
    without: 'looking for its own key before it wins',
    changes: [
      {
        file: 'src/election/machine.ts',
        from: 'if (own?.token !== candidacy.token) return rejoin()',
        to: 'void own',
      },
      {
        file: 'src/election/machine.ts',
        from: 'return first === candidacy.token && leaseValid',
        to: 'return (first === undefined || first >= candidacy.token) && leaseValid',
      },
    ],
    shows: 'told "elected" with a dead key',
    faults: ['delete the key of one who waits, then have the leader resign'],
  },
  {
    name: 'no-rejoin',
    // Without the second one, the lease is not confirmed any more, and with the next lease comes the next key.
    without: 'joining again when a waiting candidate lost its key, be it by the next lease',
    changes: [
      {
        file: 'src/election/machine.ts',
        from: 'if (own?.token !== candidacy.token) return rejoin()',
        to: 'if (own?.token !== candidacy.token) return [state]',
      },
      {
        file: 'src/lease/renewal.ts',
        from: 'if (kvs.length === 0) this.#readOtherKeysFirst(key)',
        to: 'if (kvs.length < 0) this.#readOtherKeysFirst(key)',
      },
    ],
    shows: 'keys and candidates differ after calm',
    faults: ['delete the key of one who waits, then have the leader resign'],
  },
  {
    name: 'deaf-to-deletion',
    without: 'watching its own key while it leads',
    changes: [
      {
        file: 'src/election/machine.ts',
        from: 'return input.view.own?.token === candidacy.token\n        ? [state]',
        to: 'return input.view !== undefined\n        ? [state]',
      },
    ],
    shows: 'two leaders at once',
    faults: ['delete a key'],
  },
  {
    name: 'keeps-its-key',
    without: 'removing the key when it resigns',
    changes: [
      {
        file: 'src/election/removal.ts',
        from: 'if (candidacy !== undefined) await remove(',
        to: 'if (candidacy === undefined) await remove(',
      },
    ],
    shows: 'no leader after calm',
    faults: ['have the leader resign while the next one is cut off for a moment'],
  },
  {
    name: 'loses-its-place',
    without: 'going on from the last revision seen when a watch is opened again',
    changes: [
      {
        file: 'src/etcd/watch/shared-watch-stream.ts',
        from: 'watchRequest(id, watch.range, watch.nextRevision)',
        to: 'watchRequest(id, watch.range, 0n)',
      },
    ],
    shows: 'no leader after calm',
    faults: ['have the leader resign while the next one is cut off for a moment'],
  },
  {
    name: 'deaf-to-compaction',
    without: 'reading the election anew when its history was compacted',
    changes: [
      {
        file: 'src/etcd/watch/shared-watch-stream.ts',
        from: 'watch.sink.compacted()',
        to: 'void watch.sink',
      },
    ],
    shows: 'no leader after calm',
    faults: ['compact at the revision that the next one watches from, when the leader resigns'],
  },
  {
    name: 'no-raft-term',
    without: 'holding the raft term of an acknowledgement against a reading',
    changes: [
      {
        file: 'src/lease/renewal.ts',
        from: 'void this.#confirmByReading()',
        to: 'if (this.#keys.length > 0) this.confirm(this.#deadline.unconfirmed, raftTerm)',
      },
    ],
    shows: 'two leaders at once',
    faults: ['freeze the leader of etcd, alone with the leader of the election'],
    ttlS: 4,
  },
  {
    name: 'no-require-leader',
    without: 'asking members that lost their leader to say so',
    changes: [
      {
        file: 'src/etcd/cluster/sign-in.ts',
        from: "Object.freeze({ hasleader: 'true' })",
        to: 'Object.freeze({})',
      },
    ],
    shows: 'no leader although etcd could be reached',
    faults: ['isolate a follower of etcd, which all clients watch, and have the leader resign'],
  },
]
