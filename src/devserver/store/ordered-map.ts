// A map with sorted keys, for hundreds of thousands of them: a list of short sorted lists. Finding
// a key takes two binary searches; adding or removing one moves the entries of at most one short
// list.

import type { Interval } from './interval.js'

/** A list that grows longer is split in two. */
const maxChunkLength = 512

interface Chunk<V> {
  readonly keys: string[]
  readonly values: V[]
}

/** Where a key is, or would be inserted. */
interface Slot<V> {
  readonly chunk: Chunk<V>
  readonly chunkIndex: number
  readonly index: number
}

export class OrderedMap<V> {
  /** Never empty; only the first chunk may have no keys. */
  readonly #chunks: Chunk<V>[] = [{ keys: [], values: [] }]

  get(key: string): V | undefined {
    const { chunk, index } = this.#locate(key)
    return chunk.keys[index] === key ? chunk.values[index] : undefined
  }

  set(key: string, value: V): void {
    const { chunk, chunkIndex, index } = this.#locate(key)
    if (chunk.keys[index] === key) {
      chunk.values[index] = value
      return
    }
    chunk.keys.splice(index, 0, key)
    chunk.values.splice(index, 0, value)
    if (chunk.keys.length <= maxChunkLength) return
    const half = chunk.keys.length >> 1
    this.#chunks.splice(chunkIndex + 1, 0, {
      keys: chunk.keys.splice(half),
      values: chunk.values.splice(half),
    })
  }

  delete(key: string): void {
    const { chunk, chunkIndex, index } = this.#locate(key)
    if (chunk.keys[index] !== key) return
    chunk.keys.splice(index, 1)
    chunk.values.splice(index, 1)
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkIndex, 1)
  }

  /** The entries in the interval, in order. The map must not change during the iteration. */
  *entries({ first, end }: Interval): Generator<readonly [string, V]> {
    let { chunkIndex, index } = this.#locate(first)
    for (; chunkIndex < this.#chunks.length; chunkIndex++, index = 0) {
      const { keys, values } = this.#chunks[chunkIndex] as Chunk<V>
      for (; index < keys.length; index++) {
        const key = keys[index] as string
        if (end !== undefined && key >= end) return
        yield [key, values[index] as V]
      }
    }
  }

  /** The number of keys in the interval, computed without visiting each of them. */
  count({ first, end }: Interval): number {
    if (end !== undefined && end <= first) return 0
    const from = this.#locate(first)
    const last = this.#chunks.length - 1
    const to =
      end === undefined
        ? { chunkIndex: last, index: (this.#chunks[last] as Chunk<V>).keys.length }
        : this.#locate(end)
    let count = to.index - from.index
    for (let i = from.chunkIndex; i < to.chunkIndex; i++)
      count += (this.#chunks[i] as Chunk<V>).keys.length
    return count
  }

  #locate(key: string): Slot<V> {
    const after = lowerBound(this.#chunks.length, (i) => {
      const [first] = (this.#chunks[i] as Chunk<V>).keys
      return first !== undefined && first > key
    })
    const chunkIndex = Math.max(0, after - 1)
    const chunk = this.#chunks[chunkIndex] as Chunk<V>
    return {
      chunk,
      chunkIndex,
      index: lowerBound(chunk.keys.length, (i) => (chunk.keys[i] as string) >= key),
    }
  }
}

/**
 * The first index for which the test holds, or `length` if there is none. If the test holds for an
 * index, it must hold for all later ones.
 */
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
