// The companions of one session's lease: a guardian process that gives the lease back when this
// process is gone, and a worker thread that renews it.

import { InvalidArgumentError } from '../base/errors.js'
import type { Listeners } from '../base/listeners.js'
import type { EtcdApi } from '../etcd/api.js'
import { type GuardianHandle, whyNoGuardian } from '../guardian/supervisor.js'
import type { Lease } from '../lease/lease.js'
import { LoopRenewal, type StartRenewal } from '../lease/renewal.js'
import { whyNoWorker, type WorkerSupervisor } from '../lease/worker/supervisor.js'
import { WorkerRenewal } from '../lease/worker/worker-renewal.js'
import type { ResolvedSessionOptions } from './options.js'
import { guardianOfThisProcess, workerOfThisProcess } from './process-companions.js'

/** What a session tells of its companions. */
export interface CompanionEvents {
  /** The guardian has reached etcd. From now on it tells etcd at once when this process is gone. */
  guardianStarted: { readonly pid: number }
  /** The guardian is gone, or could not be started. Another one is being started. */
  guardianLost: { readonly reason: string }
  /** The thread that renews the lease runs. */
  workerStarted: { readonly threadId: number }
  /** The worker is gone or hangs. The main thread renews while another one is being started. */
  workerLost: { readonly reason: string }
}

type Emitter = Pick<Listeners<CompanionEvents>, 'emit'>

export class Companions {
  /** How the session's lease is renewed. */
  readonly startRenewal: StartRenewal
  /** Whether the process says that it is fit to lead. */
  readonly isHealthy: () => boolean
  readonly #api: EtcdApi
  readonly #wantsGuardian: boolean
  readonly #worker: WorkerSupervisor | undefined
  readonly #events: Emitter
  #guardian: GuardianHandle | undefined
  #leaveWorker: (() => void) | undefined
  #revokeAfterPid: number | undefined

  /** @throws InvalidArgumentError when the options ask for a companion that is impossible here. */
  constructor(api: EtcdApi, options: ResolvedSessionOptions, events: Emitter) {
    const { guardian, renewal, maxStallMs, healthy } = options
    refuse('guardian', 'expected false here', guardian && whyNoGuardian(api), true)
    refuse('renewal', "expected 'main' here", renewal === 'worker' && whyNoWorker(api), renewal)
    this.#api = api
    this.#events = events
    this.#wantsGuardian = guardian
    const worker = renewal === 'worker' ? workerOfThisProcess() : undefined
    this.#worker = worker
    this.isHealthy = healthy === undefined ? () => true : () => saysTrue(healthy)
    const { isHealthy } = this
    this.startRenewal =
      worker === undefined
        ? (granted, listener) => new LoopRenewal(granted, listener, isHealthy)
        : (granted, listener) =>
            new WorkerRenewal(granted, listener, { worker, maxStallMs, isHealthy })
  }

  /** Starts the companions that the options ask for, unless they run. */
  start(): void {
    this.#leaveWorker ??= this.#worker?.join({
      started: (threadId) => {
        this.#events.emit('workerStarted', { threadId })
      },
      lost: (reason) => {
        this.#events.emit('workerLost', { reason })
      },
    })
    if (!this.#wantsGuardian) return
    this.#guardian ??= guardianOfThisProcess().guard(this.#api, {
      started: (pid) => {
        this.#events.emit('guardianStarted', { pid })
      },
      lost: (reason) => {
        this.#events.emit('guardianLost', { reason })
      },
    })
  }

  /** From now on the guardian revokes this lease when this process is gone. */
  guard({ id, ttlS }: Lease): void {
    this.#guardian?.hold(id, ttlS, this.#revokeAfterPid)
  }

  /** From the next lease on, the guardian revokes only when that process is gone too. */
  revokeOnlyAfter(pid: number): void {
    this.#revokeAfterPid = pid
  }

  /** The guardian no longer revokes this lease. */
  unguard({ id }: Lease): void {
    this.#guardian?.release(id)
  }

  /** The session needs its companions no more. No guardian revokes its lease from now on. */
  stop(): void {
    this.#guardian?.end()
    this.#guardian = undefined
    this.#leaveWorker?.()
    this.#leaveWorker = undefined
  }
}

function refuse(
  option: string,
  expectation: string,
  why: string | false | undefined,
  given: unknown,
): void {
  if (typeof why !== 'string') return
  throw new InvalidArgumentError(option, `${expectation}, because ${why}`, given)
}

function saysTrue(healthy: () => boolean): boolean {
  try {
    // A promise is not an answer.
    return (healthy() as unknown) === true
  } catch {
    return false
  }
}
