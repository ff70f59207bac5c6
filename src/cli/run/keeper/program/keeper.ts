// The program of the keeper: a process in a session of its own that starts the command of
// `elect run` and ends it before the leadership ends. It depends on no other process for that: the
// last deadline that it got stands, whether `elect run`, which renews the lease, is dead (its pipe
// ends), stopped, or too busy to send anything.

import { type ChildProcess, spawn } from 'node:child_process'
import { now } from '../clocks.js'
import type { KeeperOrder, EndReason, KeeperReport, CommandStart } from '../protocol.js'
import { ProcessSession } from '../process-session.js'
import { type LeadershipDeadline, nextAction } from '../schedule.js'

/** How often the clocks are read: no timer notices that the computer slept. */
const maxCheckIntervalMs = 200
/** How often the keeper checks whether the processes that it signalled are gone. */
const endCheckIntervalMs = 20

class Command {
  readonly #session: ProcessSession
  readonly #graceMs: number
  #deadline: LeadershipDeadline
  #askedAtMs: number | undefined
  #because: EndReason | undefined
  #isOrphaned = false
  #isKilled = false
  /** How the command itself ended. Processes that it started may live on. */
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(child: ChildProcess, pid: number, { graceMs, deadline }: CommandStart) {
    this.#session = new ProcessSession(pid)
    this.#graceMs = graceMs
    this.#deadline = deadline
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal }
      this.#check()
    })
    this.#check()
  }

  renew(deadline: LeadershipDeadline): void {
    this.#deadline = deadline
    this.#check()
  }

  signal(signal: NodeJS.Signals): void {
    this.#session.signal(signal)
  }

  /** Leadership is lost. */
  kill(): void {
    this.#because ??= 'lost'
    this.#isKilled = true
    this.#check()
  }

  /** `elect run` is gone, and no renewal will come: the command is asked to stop. */
  orphan(): void {
    this.#isOrphaned = true
    this.#check()
  }

  #check(): void {
    clearTimeout(this.#timer)
    if (this.#exit !== undefined && this.#session.isGone()) {
      send({ is: 'ended', ended: { ...this.#exit, because: this.#because } })
      command = undefined
      if (this.#isOrphaned) process.exit()
      return
    }
    this.#timer = setTimeout(() => {
      this.#check()
    }, this.#applySchedule())
  }

  /** Asks the command to stop or kills it, if that is due. Returns when to check again, in ms. */
  #applySchedule(): number {
    const state = {
      deadline: this.#deadline,
      graceMs: this.#graceMs,
      askedAtMs: this.#askedAtMs,
    }
    const next = this.#isKilled ? ({ act: 'kill' } as const) : nextAction(state, now())
    switch (next.act) {
      case 'nothing':
        if (this.#askedAtMs !== undefined) return endCheckIntervalMs
        // Processes that the command leaves behind are asked to stop as well: the leadership is
        // given up when all of them are gone.
        if (this.#exit !== undefined || this.#isOrphaned) return this.#askToStop()
        return Math.min(next.forMs, maxCheckIntervalMs)
      case 'ask':
        if (this.#exit === undefined) this.#reportLate()
        return this.#askToStop()
      case 'kill':
        if (this.#exit === undefined && this.#askedAtMs === undefined) this.#reportLate()
        this.#isKilled = true
        // SIGKILL ends stopped processes too. The next check meets those that are forked meanwhile.
        this.#session.signal('SIGKILL')
        return endCheckIntervalMs
      default:
        next satisfies never
        return endCheckIntervalMs
    }
  }

  #askToStop(): number {
    this.#askedAtMs = now().monotonicMs
    this.#session.signal('SIGTERM')
    // A process that is stopped could not handle SIGTERM.
    this.#session.signal('SIGCONT')
    return endCheckIntervalMs
  }

  #reportLate(): void {
    if (this.#because !== undefined) return
    this.#because = 'late'
    send({ is: 'late' })
  }
}

let command: Command | undefined

function send(report: KeeperReport): void {
  if (process.connected) process.send?.(report, () => undefined)
}

function start(order: CommandStart): void {
  const { file, args, env, stdin, deadline, graceMs } = order
  if (nextAction({ deadline, graceMs, askedAtMs: undefined }, now()).act !== 'nothing') {
    // The order came late: the command would have to stop as soon as it started.
    send({ is: 'late' })
    send({ is: 'ended', ended: { code: null, signal: null, because: 'late' } })
    return
  }
  const failed = ({ code, message }: NodeJS.ErrnoException): void => {
    send({ is: 'failed', code: code ?? '', message })
  }
  let child: ChildProcess
  try {
    child = spawn(file, args, { detached: true, stdio: [stdin, 'inherit', 'inherit'], env })
  } catch (error) {
    // spawn() throws when the arguments are too long, and emits 'error' when there is no such file.
    failed(error as NodeJS.ErrnoException)
    return
  }
  child.once('error', (error) => {
    if (child.pid === undefined) failed(error)
  })
  if (child.pid === undefined) return
  command = new Command(child, child.pid, order)
  send({ is: 'started', pid: child.pid })
}

process.on('message', (order: KeeperOrder) => {
  switch (order.do) {
    case 'start':
      start(order.start)
      break
    case 'renew':
      command?.renew(order.deadline)
      break
    case 'signal':
      command?.signal(order.signal)
      break
    case 'kill':
      command?.kill()
      break
    default:
      order satisfies never
  }
})
process.on('disconnect', () => {
  if (command === undefined) process.exit()
  command.orphan()
})
// `elect run` forwards the signals that are meant for the command. A service manager that signals
// all processes must not end the keeper first.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => undefined)
}
send({ is: 'ready' })
