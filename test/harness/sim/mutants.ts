// The library with one safeguard switched off, each. The simulation has to find every one of them.

export interface Mutant {
  readonly name: string
  readonly without: string
  /** What is replaced in the source. Each must be there exactly once. */
  readonly changes: readonly {
    readonly file: string
    readonly from: string
    readonly to: string
  }[]
}

function mutant(name: string, without: string, file: string, from: string, to: string): Mutant {
  return { name, without, changes: [{ file, from, to }] }
}

export const mutants: readonly Mutant[] = [
  mutant(
    'stamped-at-reply',
    'counting a renewal from its sending',
    'src/lease/keep-alives.ts',
    'this.#onAnswer({\n      sentAt,',
    'this.#onAnswer({\n      sentAt: this.#now(),',
  ),
  mutant(
    'timer-only',
    'looking at the clock when isValid() is asked',
    'src/lease/lease.ts',
    'return remainingMs(this.#deadline, now)',
    'return 1 + 0 * remainingMs(this.#deadline, now)',
  ),
  mutant(
    'unverified',
    'confirming renewals by a reading in the same raft term',
    'src/lease/deadline.ts',
    'if (waiting === undefined || raftTerm !== waiting.raftTerm) return deadline',
    'if (waiting === undefined) return deadline',
  ),
  mutant(
    'monotonic-only',
    'the wall clock, beside a monotonic one that stands still while a machine sleeps',
    'src/lease/deadline.ts',
    'return Math.max(0, Math.min(monotonic, wall))',
    'return Math.max(0, monotonic + 0 * wall)',
  ),
  mutant(
    'wall-only',
    'the monotonic clock',
    'src/lease/deadline.ts',
    'return Math.max(0, Math.min(monotonic, wall))',
    'return Math.max(0, wall + 0 * monotonic)',
  ),
  mutant(
    'no-drift',
    'room for clocks that run at different rates',
    'src/lease/deadline.ts',
    'return Math.max(0, ttlS * 1000 * (1 - clockDrift) - marginMs)',
    'return Math.max(0, ttlS * 1000 * (1 - 0 * clockDrift) + 0 * marginMs)',
  ),
  mutant(
    'phantom',
    'a valid lease at the moment of winning',
    'src/election/machine.ts',
    'return first === candidacy.token && leaseValid && !delayed',
    'return first === candidacy.token && (leaseValid || !leaseValid) && !delayed',
  ),
  mutant(
    'no-rejoin',
    'joining again when a waiting candidate lost its key',
    'src/election/machine.ts',
    'if (own?.token !== candidacy.token) return rejoin()',
    'if (own?.token !== candidacy.token) return [state]',
  ),
  mutant(
    'deaf-to-deletion',
    'watching its own key while it leads',
    'src/election/machine.ts',
    'return input.view.own?.token === candidacy.token\n        ? [state]',
    'return input.view !== undefined\n        ? [state]',
  ),
  mutant(
    'loses-its-place',
    'going on from the last revision seen when a watch is opened again',
    'src/etcd/watch/shared-watch-stream.ts',
    'watchRequest(id, watch.range, watch.nextRevision)',
    'watchRequest(id, watch.range, 0n)',
  ),
  mutant(
    'deaf-to-compaction',
    'reading the election anew when its history was compacted',
    'src/etcd/watch/shared-watch-stream.ts',
    'watch.sink.compacted()',
    'void watch.sink',
  ),
  mutant(
    'untold',
    'telling those who depend on a lease that it is lost',
    'src/lease/lease.ts',
    'for (const listener of listeners) listener.lost(loss)',
    'void listeners',
  ),
  mutant(
    'no-lock-delay',
    'the wait for those who led before, where it is asked for',
    'src/election/lock-delay.ts',
    'return delayMs > 0',
    'return delayMs < 0',
  ),
  mutant(
    'blind-lock-delay',
    'suspecting those whose key went without a mark',
    'src/election/former-leaders.ts',
    'if (!vouched && !isMarked(revision)) {',
    'if (vouched && !isMarked(revision)) {',
  ),
  mutant(
    'stuck-leaving',
    'noticing that a lease was lost before its key is to be removed',
    'src/election/driver.ts',
    'if (lease !== undefined && lease.loss === undefined) {',
    'if (lease !== undefined) {',
  ),
]
