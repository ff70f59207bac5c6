// Finds the watchers of a key among many, without checking each one: watchers of a single key or a
// prefix are looked up, only the others are searched.

import { contains, type Interval, soleKey, solePrefix } from '../store/interval.js'

export class WatcherIndex<W extends { readonly interval: Interval }> {
  readonly #byKey = new Map<string, Set<W>>()
  readonly #byPrefix = new Map<string, Set<W>>()
  readonly #others = new Set<W>()

  add(watcher: W): void {
    const slot = this.#slotOf(watcher)
    if (slot === undefined) {
      this.#others.add(watcher)
      return
    }
    const { map, key } = slot
    const set = map.get(key)
    if (set === undefined) map.set(key, new Set([watcher]))
    else set.add(watcher)
  }

  remove(watcher: W): void {
    const slot = this.#slotOf(watcher)
    if (slot === undefined) {
      this.#others.delete(watcher)
      return
    }
    const set = slot.map.get(slot.key)
    set?.delete(watcher)
    if (set?.size === 0) slot.map.delete(slot.key)
  }

  *find(key: string): Generator<W> {
    yield* this.#byKey.get(key) ?? []
    if (this.#byPrefix.size > 0) {
      for (let length = 1; length <= key.length; length++) {
        yield* this.#byPrefix.get(key.slice(0, length)) ?? []
      }
    }
    for (const watcher of this.#others) if (contains(watcher.interval, key)) yield watcher
  }

  #slotOf({ interval }: W): { map: Map<string, Set<W>>; key: string } | undefined {
    const key = soleKey(interval)
    if (key !== undefined) return { map: this.#byKey, key }
    const prefix = solePrefix(interval)
    return prefix === undefined ? undefined : { map: this.#byPrefix, key: prefix }
  }
}
