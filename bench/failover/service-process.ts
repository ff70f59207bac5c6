// Starts and ends the processes that are measured.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { program } from '../program.js'
import type { Event, Fact, Order, Task } from './task.js'

const patienceMs = 60_000

export class Service {
  readonly #child: ChildProcess
  readonly #facts: Fact[] = []
  readonly #waiting = new Set<() => void>()

  static async start(task: Task): Promise<Service> {
    const file = await program('bench/failover/service.ts')
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
    return new Service(fork(file, [JSON.stringify(task)], { stdio: [...stdio] }))
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#child.on('message', (fact: Fact) => {
      this.#facts.push(fact)
      for (const look of [...this.#waiting]) look()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  tell(order: Order): void {
    this.#child.send(order)
  }

  has(event: Event, since = 0): boolean {
    return this.#find(event, since) !== undefined
  }

  /** The first fact of this kind that is not older than `since`. */
  told<E extends Event>(event: E, since = 0): Promise<Fact<E>> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#waiting.delete(look)
        clearTimeout(timer)
      }
      const look = (): void => {
        const fact = this.#find(event, since)
        if (fact === undefined) return
        over()
        resolve(fact)
      }
      const timer = setTimeout(() => {
        over()
        const told = this.#facts.map((fact) => fact.event).join(', ')
        reject(new Error(`waited in vain for '${event}' of ${this.pid}, which told: ${told}`))
      }, patienceMs)
      this.#waiting.add(look)
      look()
    })
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #find<E extends Event>(event: E, since: number): Fact<E> | undefined {
    const found = this.#facts.find((fact) => fact.event === event && fact.at >= since)
    return found as Fact<E> | undefined
  }
}
