// Passes each listener the changes of the keys that it watches, once per revision, in order.

import type { Change } from '../store/change.js'
import type { Interval } from '../store/interval.js'
import { WatcherIndex } from './watcher-index.js'

export interface ChangeListener {
  readonly interval: Interval
  /** @param changes those of one revision in the interval. */
  changed(changes: readonly Change[]): void
}

export class ChangeFeed {
  readonly #listeners = new WatcherIndex<ChangeListener>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /**
   * Passes on changes from now on.
   *
   * @returns a function that ends the watch.
   */
  watch(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    this.#size += 1
    let isWatching = true
    return () => {
      if (!isWatching) return
      isWatching = false
      this.#listeners.remove(listener)
      this.#size -= 1
    }
  }

  publish(changes: readonly Change[]): void {
    const byListener = new Map<ChangeListener, Change[]>()
    for (const change of changes) {
      for (const listener of this.#listeners.find(change.key)) {
        const list = byListener.get(listener)
        if (list === undefined) byListener.set(listener, [change])
        else list.push(change)
      }
    }
    for (const [listener, list] of byListener) listener.changed(list)
  }
}
