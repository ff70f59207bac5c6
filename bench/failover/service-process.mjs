// Starts and ends the processes that are measured. It must not know what is measured.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('service.mjs', import.meta.url))
const patienceMs = 60_000

export const now = () => Number(process.hrtime.bigint()) / 1e6

export class Service {
  #child
  #facts = []
  #waiting = new Set()

  constructor(task) {
    this.#child = fork(program, [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (fact) => {
      this.#facts.push(fact)
      for (const look of [...this.#waiting]) look()
    })
  }

  get pid() {
    return this.#child.pid
  }

  tell(what, ms) {
    this.#child.send({ do: what, ms })
  }

  has(event, since = 0) {
    return this.#facts.some((fact) => fact.event === event && fact.at >= since)
  }

  /** The first fact of this kind that is not older than `since`. */
  told(event, since = 0) {
    return new Promise((resolve, reject) => {
      const over = (settle, value) => {
        this.#waiting.delete(look)
        clearTimeout(timer)
        settle(value)
      }
      const look = () => {
        const fact = this.#facts.find((one) => one.event === event && one.at >= since)
        if (fact !== undefined) over(resolve, fact)
      }
      const timer = setTimeout(() => {
        const told = this.#facts.map((fact) => fact.event).join(', ')
        over(reject, new Error(`waited in vain for '${event}' of ${this.pid}, which told: ${told}`))
      }, patienceMs)
      this.#waiting.add(look)
      look()
    })
  }

  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}
