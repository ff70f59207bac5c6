// Finds, among many watchers, those that watch a key, without asking each of them: watchers of one key and of a prefix
// are looked up, only the rest is searched. It must not know what they are told.

import { contains, type Interval, soleKey, solePrefix } from '../store/interval.js'

export class Selection<W extends { readonly interval: Interval }> {
  readonly #byKey = new Map<string, Set<W>>()
  readonly #byPrefix = new Map<string, Set<W>>()
  readonly #others = new Set<W>()

  add(watcher: W): void {
    const place = this.#placeOf(watcher)
    if (place === undefined) {
      this.#others.add(watcher)
      return
    }
    const { index, by } = place
    const set = index.get(by)
    if (set === undefined) index.set(by, new Set([watcher]))
    else set.add(watcher)
  }

  remove(watcher: W): void {
    const place = this.#placeOf(watcher)
    if (place === undefined) {
      this.#others.delete(watcher)
      return
    }
    const set = place.index.get(place.by)
    set?.delete(watcher)
    if (set?.size === 0) place.index.delete(place.by)
  }

  *watching(key: string): Generator<W> {
    yield* this.#byKey.get(key) ?? []
    if (this.#byPrefix.size > 0) {
      for (let length = 1; length <= key.length; length++) {
        yield* this.#byPrefix.get(key.slice(0, length)) ?? []
      }
    }
    for (const watcher of this.#others) if (contains(watcher.interval, key)) yield watcher
  }

  #placeOf({ interval }: W): { index: Map<string, Set<W>>; by: string } | undefined {
    const key = soleKey(interval)
    if (key !== undefined) return { index: this.#byKey, by: key }
    const prefix = solePrefix(interval)
    return prefix === undefined ? undefined : { index: this.#byPrefix, by: prefix }
  }
}
