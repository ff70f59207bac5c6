// Tells each watcher what happened to the keys that it watches, once a revision, in order.
// It must not know how it is told, nor what a watcher does with it.

import type { Change } from '../store/change.js'
import type { Interval } from '../store/interval.js'
import { Selection } from './selection.js'

export interface ChangeListener {
  readonly interval: Interval
  /** What one revision changed in the interval. */
  changed(changes: readonly Change[]): void
}

export class ChangeFeed {
  readonly #selection = new Selection<ChangeListener>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** From now on. What it returns ends the watch. */
  watch(watcher: ChangeListener): () => void {
    this.#selection.add(watcher)
    this.#size += 1
    let watching = true
    return () => {
      if (!watching) return
      watching = false
      this.#selection.remove(watcher)
      this.#size -= 1
    }
  }

  publish(changes: readonly Change[]): void {
    const told = new Map<ChangeListener, Change[]>()
    for (const change of changes) {
      for (const watcher of this.#selection.watching(change.key)) {
        const list = told.get(watcher)
        if (list === undefined) told.set(watcher, [change])
        else list.push(change)
      }
    }
    for (const [watcher, list] of told) watcher.changed(list)
  }
}
