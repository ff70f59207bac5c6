// The listeners of an object that emits events. A listener that throws breaks nothing.

export class Listeners<Events extends object> {
  readonly #byEvent = new Map<keyof Events, Set<(event: never) => void>>()

  /** Returns a function that removes the listener. */
  add<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): () => void {
    let listeners = this.#byEvent.get(event)
    if (listeners === undefined) this.#byEvent.set(event, (listeners = new Set()))
    // A wrapper for each call, so that the same function can be added twice.
    const own = (value: Events[E]): void => {
      listener(value)
    }
    listeners.add(own)
    return () => {
      listeners.delete(own)
    }
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listener of [...(this.#byEvent.get(event) ?? [])]) {
      try {
        ;(listener as (value: Events[E]) => void)(value)
      } catch (error) {
        process.emitWarning(`a listener of '${String(event)}' threw: ${String(error)}`, {
          code: 'ELECT_LISTENER_THREW',
        })
      }
    }
  }
}
