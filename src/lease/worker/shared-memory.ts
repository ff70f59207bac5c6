// What the two threads read of each other without waiting for a message: the deadline as the worker
// knows it, and when an event loop last turned.
//
// Every word is read and written with Atomics, which puts all accesses in one order. The deadline
// has several words. A counter tells that they belong together: it is odd while they are being
// written, and the same before and after they are read.

import type { Acknowledgement, Deadline, Instant } from '../deadline.js'

const word = {
  count: 0,
  leaseMissing: 1,
  renewedMonotonic: 2,
  renewedWall: 3,
  isUnconfirmed: 4,
  sentMonotonic: 5,
  sentWall: 6,
  raftTerm: 7,
} as const

/**
 * How often to try to read. A writer is done in less than a microsecond, unless its thread is
 * preempted or has ended.
 */
const maxAttempts = 100

export class SharedDeadline {
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array
  #read: Deadline
  /** The counter that {@link #read} was read with. */
  #readCount = 0n

  /** @param initial holds until something is published. Its `validForMs` holds for ever. */
  constructor(initial: Deadline, buffer = new SharedArrayBuffer(8 * Object.keys(word).length)) {
    this.buffer = buffer
    this.#words = new BigInt64Array(buffer)
    this.#read = initial
  }

  /** Only one thread may call this. */
  publish({ renewedAt, unconfirmed }: Deadline): void {
    this.#write(() => {
      this.#putInstant(word.renewedMonotonic, renewedAt)
      this.#put(word.isUnconfirmed, unconfirmed === undefined ? 0n : 1n)
      if (unconfirmed === undefined) return
      this.#putInstant(word.sentMonotonic, unconfirmed.sentAt)
      this.#put(word.raftTerm, BigInt.asIntN(64, unconfirmed.raftTerm))
    })
  }

  /** Says that etcd has no such lease. Nothing undoes that. */
  publishLeaseMissing(): void {
    this.#put(word.leaseMissing, 1n)
  }

  get isLeaseMissing(): boolean {
    return this.#get(word.leaseMissing) === 1n
  }

  /** The deadline published last, or an earlier one, which is old but still true. */
  read(): Deadline {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const count = this.#get(word.count)
      if (count === this.#readCount) break
      if (count % 2n !== 0n) continue
      const renewedAt = this.#instant(word.renewedMonotonic)
      const unconfirmed = this.#acknowledgement()
      if (this.#get(word.count) !== count) continue
      this.#read = { ...this.#read, renewedAt, unconfirmed }
      this.#readCount = count
      break
    }
    return this.#read
  }

  #acknowledgement(): Acknowledgement | undefined {
    if (this.#get(word.isUnconfirmed) === 0n) return undefined
    const raftTerm = BigInt.asUintN(64, this.#get(word.raftTerm))
    return { sentAt: this.#instant(word.sentMonotonic), raftTerm }
  }

  #write(write: () => void): void {
    Atomics.add(this.#words, word.count, 1n)
    write()
    Atomics.add(this.#words, word.count, 1n)
  }

  #putInstant(at: number, { monotonicMs, wallMs }: Instant): void {
    this.#put(at, microseconds(monotonicMs))
    this.#put(at + 1, microseconds(wallMs))
  }

  #instant(at: number): Instant {
    return {
      monotonicMs: Number(this.#get(at)) / 1_000,
      wallMs: Number(this.#get(at + 1)) / 1_000,
    }
  }

  #put(at: number, value: bigint): void {
    Atomics.store(this.#words, at, value)
  }

  #get(at: number): bigint {
    return Atomics.load(this.#words, at)
  }
}

/** When the event loop of one thread last turned, and whether that thread calls itself healthy. */
export class Heartbeat {
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array

  constructor(buffer = new SharedArrayBuffer(16)) {
    this.buffer = buffer
    this.#words = new BigInt64Array(buffer)
  }

  beat(nowMs: number, isHealthy: boolean): void {
    Atomics.store(this.#words, 1, isHealthy ? 1n : 0n)
    Atomics.store(this.#words, 0, microseconds(nowMs))
  }

  get lastMs(): number {
    return Number(Atomics.load(this.#words, 0)) / 1_000
  }

  get isHealthy(): boolean {
    return Atomics.load(this.#words, 1) === 1n
  }
}

/** Rounds down, so that no deadline is too late. Infinitely long ago becomes very long ago. */
function microseconds(ms: number): bigint {
  return BigInt(Math.floor(Math.max(ms, -1e12) * 1_000))
}
