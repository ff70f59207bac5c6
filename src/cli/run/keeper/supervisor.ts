// The end of the keeper's pipe in `elect run`. It must not know about etcd, leases or elections.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CommandEnd, KeeperOrder, KeeperReport, CommandStart } from './protocol.js'
import { ProcessSession } from './process-session.js'
import type { LeadershipDeadline } from './schedule.js'
import { killAllOfTerm } from './kill-all-of-term.js'

/** The command could not be started. */
export class CannotStartError extends Error {
  /** Of the operating system: `ENOENT`, `EACCES`, … */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'CannotStartError'
    this.code = code
  }
}

/** The keeper itself is gone, and the command with it. */
export class KeeperDiedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'KeeperDiedError'
  }
}

export interface StartListener {
  started(pid: number): void
  /** The command is being stopped because no renewal came. */
  late(): void
}

interface Running extends StartListener {
  resolve(ended: CommandEnd): void
  reject(error: Error): void
}

export class KeeperSupervisor {
  readonly #child: ChildProcess
  readonly #ready: Promise<void>
  #running: Running | undefined
  #session: ProcessSession | undefined
  #term: string | undefined
  #died: KeeperDiedError | undefined

  /** Starts a keeper, so that it is there when it is needed. */
  constructor() {
    const file = fileURLToPath(new URL('./program/keeper.js', import.meta.url))
    // What is in NODE_OPTIONS is for the command: two processes cannot be inspected on one port.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([variable]) => variable !== 'NODE_OPTIONS'),
    )
    this.#child = spawn(process.execPath, [file], {
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env,
    })
    this.#ready = new Promise((resolve, reject) => {
      const gone = (why: string): void => {
        this.#died ??= new KeeperDiedError(`the keeper of CMD ${why}: CMD was killed`)
        reject(this.#died)
        void this.#endWithoutKeeper(this.#died)
      }
      this.#child.on('message', (report: KeeperReport) => {
        if (report.is === 'ready') resolve()
        else this.#heard(report)
      })
      this.#child.once('error', (error) => {
        gone(`could not be started (${error.message})`)
      })
      this.#child.once('exit', (code, signal) => {
        gone(`ended with ${signal ?? String(code)}`)
      })
    })
    this.#ready.catch(() => undefined)
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /**
   * Resolves when the command is gone with everything it started.
   *
   * @throws CannotStartError, KeeperDiedError
   */
  async run(start: () => CommandStart, listener: StartListener): Promise<CommandEnd> {
    await this.#ready
    return new Promise((resolve, reject) => {
      if (this.#died !== undefined) {
        reject(this.#died)
        return
      }
      this.#running = { ...listener, resolve, reject }
      const order = start()
      this.#term = order.env['ELECT_TERM']
      void this.#send({ do: 'start', start: order })
    })
  }

  renew(deadline: LeadershipDeadline): void {
    void this.#send({ do: 'renew', deadline })
  }

  /** To the command and everything it started, after it was started. Resolves when it is on its way. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    // A keeper that is still being loaded is told to start the command when it is ready, and of the signal after that.
    await this.#ready.catch(() => undefined)
    await this.#send({ do: 'signal', signal })
  }

  /** At once. By us as well, should the keeper be stopped. */
  kill(): void {
    void this.#send({ do: 'kill' })
    this.#session?.signal('SIGKILL')
  }

  /** Lets the keeper go; it kills what still runs. */
  close(): void {
    this.#child.removeAllListeners('exit')
    if (this.#child.connected) this.#child.disconnect()
    this.#child.unref()
  }

  /** Nobody else would do it now. What the keeper said last may not have come here yet, so the process may be unknown. */
  async #endWithoutKeeper(why: KeeperDiedError): Promise<void> {
    this.#session?.signal('SIGKILL')
    if (this.#term !== undefined) await killAllOfTerm(this.#term)
    this.#running?.reject(why)
  }

  #heard(report: Exclude<KeeperReport, { is: 'ready' }>): void {
    const running = this.#running
    switch (report.is) {
      case 'started':
        this.#session = new ProcessSession(report.pid)
        if (this.#died !== undefined) this.#session.signal('SIGKILL')
        running?.started(report.pid)
        break
      case 'late':
        running?.late()
        break
      case 'failed':
        this.#running = undefined
        running?.reject(new CannotStartError(report.code, report.message))
        break
      case 'ended':
        this.#running = undefined
        this.#session = undefined
        running?.resolve(report.ended)
        break
      default:
        report satisfies never
    }
  }

  /** What cannot be sent needs not be: the keeper is gone, and that is told elsewhere. */
  async #send(order: KeeperOrder): Promise<void> {
    if (!this.#child.connected) return
    await new Promise((resolve) => this.#child.send(order, resolve))
  }
}
