// A map that knows the order of its keys, for hundreds of thousands of them: a list of short sorted lists.
// Finding costs two binary searches; adding and removing move at most one short list.
// It must not know what it holds.

import type { Interval } from './interval.js'

/** A list that grows beyond this is cut in two. */
const longest = 512

interface Chunk<V> {
  readonly keys: string[]
  readonly values: V[]
}

/** Where a key is, or would be. */
interface Place<V> {
  readonly chunk: Chunk<V>
  readonly chunkAt: number
  readonly at: number
}

export class OrderedMap<V> {
  /** Never empty; only the first chunk may hold no key. */
  readonly #chunks: Chunk<V>[] = [{ keys: [], values: [] }]

  get(key: string): V | undefined {
    const { chunk, at } = this.#place(key)
    return chunk.keys[at] === key ? chunk.values[at] : undefined
  }

  set(key: string, value: V): void {
    const { chunk, chunkAt, at } = this.#place(key)
    if (chunk.keys[at] === key) {
      chunk.values[at] = value
      return
    }
    chunk.keys.splice(at, 0, key)
    chunk.values.splice(at, 0, value)
    if (chunk.keys.length <= longest) return
    const half = chunk.keys.length >> 1
    this.#chunks.splice(chunkAt + 1, 0, {
      keys: chunk.keys.splice(half),
      values: chunk.values.splice(half),
    })
  }

  delete(key: string): void {
    const { chunk, chunkAt, at } = this.#place(key)
    if (chunk.keys[at] !== key) return
    chunk.keys.splice(at, 1)
    chunk.values.splice(at, 1)
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkAt, 1)
  }

  /** What is in the interval, in order. The map must not be changed meanwhile. */
  *entries({ first, end }: Interval): Generator<readonly [string, V]> {
    let { chunkAt, at } = this.#place(first)
    for (; chunkAt < this.#chunks.length; chunkAt++, at = 0) {
      const { keys, values } = this.#chunks[chunkAt] as Chunk<V>
      for (; at < keys.length; at++) {
        const key = keys[at] as string
        if (end !== undefined && key >= end) return
        yield [key, values[at] as V]
      }
    }
  }

  /** How many keys are in the interval, without looking at each of them. */
  count({ first, end }: Interval): number {
    if (end !== undefined && end <= first) return 0
    const from = this.#place(first)
    const last = this.#chunks.length - 1
    const to =
      end === undefined
        ? { chunkAt: last, at: (this.#chunks[last] as Chunk<V>).keys.length }
        : this.#place(end)
    let count = to.at - from.at
    for (let i = from.chunkAt; i < to.chunkAt; i++)
      count += (this.#chunks[i] as Chunk<V>).keys.length
    return count
  }

  #place(key: string): Place<V> {
    const after = lowerBound(this.#chunks.length, (i) => {
      const [first] = (this.#chunks[i] as Chunk<V>).keys
      return first !== undefined && first > key
    })
    const chunkAt = Math.max(0, after - 1)
    const chunk = this.#chunks[chunkAt] as Chunk<V>
    return {
      chunk,
      chunkAt,
      at: lowerBound(chunk.keys.length, (i) => (chunk.keys[i] as string) >= key),
    }
  }
}

/** The first index for which the test holds, given that it holds for all after it; `length` if for none. */
export function lowerBound(length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
