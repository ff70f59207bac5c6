// The keeper as `elect run` sees it. A keeper that ends is not started again, because its command
// ends with it.

import { killAllOfTerm } from './kill-all-of-term.js'
import { ProcessSession } from './process-session.js'
import type { CommandEnd, CommandStart, KeeperReport } from './protocol.js'
import type { LeadershipDeadline } from './schedule.js'
import { type KeeperProcess, spawnKeeper } from './spawn.js'

/** The command could not be started. */
export class CannotStartError extends Error {
  /** The operating system's: `ENOENT`, `EACCES`, … */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'CannotStartError'
    this.code = code
  }
}

/** The keeper itself ended, and the command with it. */
export class KeeperDiedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'KeeperDiedError'
  }
}

export interface CommandListener {
  started(pid: number): void
  /** The command is being stopped because no renewal came in time. */
  late(): void
}

interface RunningCommand extends CommandListener {
  resolve(ended: CommandEnd): void
  reject(error: Error): void
}

export class KeeperSupervisor {
  readonly #keeper: KeeperProcess
  /** Resolves when the keeper takes orders. Rejects when it ends. */
  readonly #ready: Promise<void>
  #command: RunningCommand | undefined
  /** The processes of the command. */
  #session: ProcessSession | undefined
  #term: string | undefined
  #death: KeeperDiedError | undefined

  /** Starts a keeper, so that it is ready when it is needed. */
  constructor() {
    let resolveReady = (): void => undefined
    let rejectReady: (error: Error) => void = () => undefined
    this.#ready = new Promise((resolve, reject) => {
      resolveReady = resolve
      rejectReady = reject
    })
    this.#ready.catch(() => undefined)
    this.#keeper = spawnKeeper({
      report: (report) => {
        if (report.is === 'ready') resolveReady()
        else this.#handle(report)
      },
      ended: (reason) => {
        this.#death ??= new KeeperDiedError(`the keeper of CMD ${reason}: CMD was killed`)
        rejectReady(this.#death)
        void this.#endWithoutKeeper(this.#death)
      },
    })
  }

  /** Undefined when the keeper could not be started. */
  get pid(): number | undefined {
    return this.#keeper.pid
  }

  /**
   * Resolves when the command is gone with everything it started.
   *
   * @param start called when the keeper is ready.
   * @throws CannotStartError, KeeperDiedError
   */
  async run(start: () => CommandStart, listener: CommandListener): Promise<CommandEnd> {
    await this.#ready
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(this.#death)
        return
      }
      this.#command = { ...listener, resolve, reject }
      const order = start()
      this.#term = order.env['ELECT_TERM']
      this.#keeper.send({ do: 'start', start: order })
    })
  }

  renew(deadline: LeadershipDeadline): void {
    this.#keeper.send({ do: 'renew', deadline })
  }

  /**
   * Signals the command and everything it started, once it has started. Resolves when the order is
   * on its way.
   */
  async signal(signal: NodeJS.Signals): Promise<void> {
    // While the keeper loads, the order to start the command waits too, and must be sent first.
    await this.#ready.catch(() => undefined)
    await new Promise<void>((resolve) => {
      this.#keeper.send({ do: 'signal', signal }, resolve)
    })
  }

  /** Kills the command at once. This process kills it too, in case the keeper is stopped. */
  kill(): void {
    this.#keeper.send({ do: 'kill' })
    this.#session?.signal('SIGKILL')
  }

  /** Lets the keeper end. It kills what it still runs. */
  stop(): void {
    this.#keeper.stop()
  }

  /**
   * Kills the command, because nothing else would now. The keeper's last report may not have
   * arrived yet, so the command's process may be unknown.
   */
  async #endWithoutKeeper(why: KeeperDiedError): Promise<void> {
    this.#session?.signal('SIGKILL')
    if (this.#term !== undefined) await killAllOfTerm(this.#term)
    this.#command?.reject(why)
  }

  #handle(report: Exclude<KeeperReport, { is: 'ready' }>): void {
    const command = this.#command
    switch (report.is) {
      case 'started':
        this.#session = new ProcessSession(report.pid)
        if (this.#death !== undefined) this.#session.signal('SIGKILL')
        command?.started(report.pid)
        break
      case 'late':
        command?.late()
        break
      case 'failed':
        this.#command = undefined
        command?.reject(new CannotStartError(report.code, report.message))
        break
      case 'ended':
        this.#command = undefined
        this.#session = undefined
        command?.resolve(report.ended)
        break
      default:
        report satisfies never
    }
  }
}
