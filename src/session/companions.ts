// Who looks after one session's lease besides the event loop that it was opened on: a guardian process that gives it back
// when this process is gone, a worker thread that renews it. It must not know how either does that.

import { systemClock } from '../base/clock.js'
import { InvalidArgumentError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import {
  guardianOfThisProcess,
  type GuardianHandle,
  whyNoGuardian,
} from '../guardian/supervisor.js'
import type { Lease } from '../lease/lease.js'
import { LoopRenewal, type StartRenewal } from '../lease/renewal.js'
import { type RenewalWorker, renewalWorkerOfThisProcess } from '../lease/worker/supervisor.js'
import { whyNoWorkerThread } from '../lease/worker/spawn.js'
import { WorkerRenewal } from '../lease/worker/worker-renewal.js'
import type { Listeners } from '../base/listeners.js'
import type { ResolvedSessionOptions } from './options.js'

/** What becomes of them, as a session tells it. */
export interface CompanionEvents {
  /** The guardian runs and has reached etcd: from now on it tells etcd at once when this process is gone. */
  guardianStarted: { readonly pid: number }
  /** The guardian is gone, or could not be started; another one is being started. */
  guardianLost: { readonly reason: string }
  /** The thread that renews runs. */
  workerStarted: { readonly threadId: number }
  /** It is gone or hangs; another one is being started, and the main thread renews meanwhile. */
  workerLost: { readonly reason: string }
}

type Tell = Pick<Listeners<CompanionEvents>, 'emit'>

export class Companions {
  /** How the session's lease is renewed. */
  readonly startRenewal: StartRenewal
  /** Whether the process says that it is fit to lead. */
  readonly isHealthy: () => boolean
  readonly #api: EtcdApi
  readonly #wanted: { readonly guardian: boolean; readonly worker: RenewalWorker | undefined }
  readonly #tell: Tell
  #guardian: GuardianHandle | undefined
  #leaveWorker: (() => void) | undefined
  #after: number | undefined

  /** @throws InvalidArgumentError when one is wanted that cannot be had here. */
  constructor(api: EtcdApi, options: ResolvedSessionOptions, tell: Tell) {
    const { guardian, renewal, maxStallMs, healthy } = options
    refuse('guardian', 'expected false here', guardian && whyNoGuardian(api), true)
    refuse('renewal', "expected 'main' here", renewal === 'worker' && whyNoWorker(api), renewal)
    this.#api = api
    this.#tell = tell
    const worker = renewal === 'worker' ? renewalWorkerOfThisProcess() : undefined
    this.#wanted = { guardian, worker }
    this.isHealthy = healthy === undefined ? () => true : () => saysTrue(healthy)
    const { isHealthy } = this
    this.startRenewal =
      worker === undefined
        ? (granted, listener) => new LoopRenewal(granted, listener, isHealthy)
        : (granted, listener) =>
            new WorkerRenewal(granted, listener, { worker: worker, maxStallMs, isHealthy })
  }

  /** Starts whoever is wanted and does not run. */
  start(): void {
    this.#leaveWorker ??= this.#wanted.worker?.join({
      started: (threadId) => {
        this.#tell.emit('workerStarted', { threadId })
      },
      lost: (reason) => {
        this.#tell.emit('workerLost', { reason })
      },
    })
    if (!this.#wanted.guardian) return
    this.#guardian ??= guardianOfThisProcess().guard(this.#api, {
      started: (pid) => {
        this.#tell.emit('guardianStarted', { pid })
      },
      lost: (reason) => {
        this.#tell.emit('guardianLost', { reason })
      },
    })
  }

  /** From now on the guardian revokes this lease when the process is gone. */
  guard({ id, ttlS }: Lease): void {
    this.#guardian?.hold(id, ttlS, this.#after)
  }

  /** From the next lease on, this process has to be gone too before the guardian revokes it. */
  revokeOnlyAfter(pid: number): void {
    this.#after = pid
  }

  /** The lease is not there any more. */
  unguard({ id }: Lease): void {
    this.#guardian?.release(id)
  }

  /** Nobody is needed any more, and no lease is revoked by anybody from now on. */
  stop(): void {
    this.#guardian?.end()
    this.#guardian = undefined
    this.#leaveWorker?.()
    this.#leaveWorker = undefined
  }
}

function whyNoWorker(api: EtcdApi): string | undefined {
  if (api.access === undefined) return 'the client has a transport of its own'
  // The deadline is shared as a time on a clock that both threads can read.
  if (api.clock !== systemClock) return 'the client has a clock of its own'
  return whyNoWorkerThread()
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
