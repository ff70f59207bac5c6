// The keeper of `elect run`: a process of its own, in a session of its own, that starts the command and sees to it that
// it ends before the leadership does. It trusts nobody for that: the deadline it was told last stands, whether the process
// that renews the lease is dead (its pipe ends), stopped, or too busy to say anything.
// It must not know about etcd, leases or elections.

import { type ChildProcess, spawn } from 'node:child_process'
import { now } from '../clocks.js'
import type { KeeperOrder, EndReason, KeeperReport, CommandStart } from '../protocol.js'
import { ProcessSession } from '../process-session.js'
import { type LeadershipDeadline, due } from '../schedule.js'

/** The wall clock has no timers that know of a machine's sleep: it is looked at this often. */
const lookEveryMs = 200
/** How often it is looked whether those who were signalled are gone. */
const endingEveryMs = 20

class Command {
  readonly #session: ProcessSession
  readonly #graceMs: number
  #deadline: LeadershipDeadline
  #askedAtMs: number | undefined
  #because: EndReason | undefined
  #orphaned = false
  #killed = false
  /** How the command itself ended; what it started may live on. */
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(child: ChildProcess, pid: number, { graceMs, deadline }: CommandStart) {
    this.#session = new ProcessSession(pid)
    this.#graceMs = graceMs
    this.#deadline = deadline
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal }
      this.#look()
    })
    this.#look()
  }

  renew(deadline: LeadershipDeadline): void {
    this.#deadline = deadline
    this.#look()
  }

  signal(signal: NodeJS.Signals): void {
    this.#session.signal(signal)
  }

  /** Leadership is gone. */
  kill(): void {
    this.#because ??= 'lost'
    this.#killed = true
    this.#look()
  }

  /** Nobody renews any more: what is left of the lease is what there is. */
  orphan(): void {
    this.#orphaned = true
    this.#look()
  }

  #look(): void {
    clearTimeout(this.#timer)
    if (this.#exit !== undefined && this.#session.isGone()) {
      tell({ is: 'ended', ended: { ...this.#exit, because: this.#because } })
      command = undefined
      if (this.#orphaned) process.exit()
      return
    }
    this.#timer = setTimeout(() => {
      this.#look()
    }, this.#act())
  }

  /** Does what is due, and returns for how long nothing will be. */
  #act(): number {
    const stopping = {
      deadline: this.#deadline,
      graceMs: this.#graceMs,
      askedAtMs: this.#askedAtMs,
    }
    const next = this.#killed ? ({ act: 'kill' } as const) : due(stopping, now())
    switch (next.act) {
      case 'nothing':
        if (this.#askedAtMs !== undefined) return endingEveryMs
        // What the command leaves behind is asked to stop as well: leadership is over when all of it is gone.
        if (this.#exit !== undefined || this.#orphaned) return this.#ask()
        return Math.min(next.forMs, lookEveryMs)
      case 'ask':
        if (this.#exit === undefined) this.#late()
        return this.#ask()
      case 'kill':
        if (this.#exit === undefined && this.#askedAtMs === undefined) this.#late()
        this.#killed = true
        // Also what is stopped dies of this; what forks meanwhile is met the next time.
        this.#session.signal('SIGKILL')
        return endingEveryMs
      default:
        next satisfies never
        return endingEveryMs
    }
  }

  #ask(): number {
    this.#askedAtMs = now().monotonicMs
    this.#session.signal('SIGTERM')
    // Who is stopped could not stop in order.
    this.#session.signal('SIGCONT')
    return endingEveryMs
  }

  #late(): void {
    if (this.#because !== undefined) return
    this.#because = 'late'
    tell({ is: 'late' })
  }
}

let command: Command | undefined

function tell(report: KeeperReport): void {
  // Who no longer listens needs not be told.
  if (process.connected) process.send?.(report, () => undefined)
}

function start(order: CommandStart): void {
  const { file, args, env, stdin, deadline, graceMs } = order
  if (due({ deadline, graceMs, askedAtMs: undefined }, now()).act !== 'nothing') {
    // The order came late: it would have to stop as soon as it began.
    tell({ is: 'late' })
    tell({ is: 'ended', ended: { code: null, signal: null, because: 'late' } })
    return
  }
  const failed = ({ code, message }: NodeJS.ErrnoException): void => {
    tell({ is: 'failed', code: code ?? '', message })
  }
  let child: ChildProcess
  try {
    child = spawn(file, args, { detached: true, stdio: [stdin, 'inherit', 'inherit'], env })
  } catch (error) {
    // Arguments that are too long are thrown, a file that is not there is not.
    failed(error as NodeJS.ErrnoException)
    return
  }
  child.once('error', (error) => {
    if (child.pid === undefined) failed(error)
  })
  if (child.pid === undefined) return
  command = new Command(child, child.pid, order)
  tell({ is: 'started', pid: child.pid })
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
// What is meant for the command comes by way of `elect run`. A service manager that ends everybody must not end the keeper first.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => undefined)
}
tell({ is: 'ready' })
