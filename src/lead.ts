// The loop that most services want: campaign, work, step down or lose, campaign again.
// It must not decide who leads; it uses what every user could use.

import { sleep } from './clock.js'
import { ClosedError, ElectError } from './errors.js'
import type { EtcdApi } from './etcd/api.js'
import { Backoff } from './etcd/backoff.js'
import type { Leadership } from './leadership.js'

/** The options of `candidate.lead()`. */
export interface LeadOptions {
  /** Ends the loop: the work is asked to stop, and the leadership is given up when it has. */
  readonly signal?: AbortSignal | undefined
}

interface Campaigner {
  campaign(options: { signal?: AbortSignal | undefined }): Promise<Leadership>
}

/** A term shorter than this is followed by a pause: work that ends at once must not become a storm of elections. */
const shortTermMs = 1_000

export async function lead(
  candidate: Campaigner,
  { clock, random }: EtcdApi,
  work: (leadership: Leadership) => unknown,
  { signal }: LeadOptions,
): Promise<void> {
  const backoff = new Backoff(random, 100, 5_000)
  for (let first = true; signal?.aborted !== true; first = false) {
    let leadership: Leadership
    const startedMs = clock.monotonicMs()
    try {
      leadership = await candidate.campaign({ signal })
    } catch (error) {
      if (isAborted(signal) || (error instanceof ClosedError && !first)) return
      if (!(error instanceof ElectError && error.retryable)) throw error
      if (!(await paused(backoff.nextMs()))) return
      continue
    }
    if (await served(leadership)) return
    if (clock.monotonicMs() - startedMs >= shortTermMs) backoff.reset()
    else if (!(await paused(backoff.nextMs()))) return
  }

  /** One term, from the election until the work has ended. Tells whether the loop is to end with it. */
  async function served(leadership: Leadership): Promise<boolean> {
    let graceOver: (() => void) | undefined
    const stop = (): void => {
      const leftMs = leadership.remainingMs()
      leadership.askToStop(signal?.reason)
      // Work that does not stop in the time that was surely left must not keep others from leading.
      graceOver = clock.setTimer(leftMs, () => void resigned(leadership))
    }
    if (isAborted(signal)) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    try {
      await work(leadership)
    } catch (error) {
      if (!isConsequence(error, leadership.signal)) throw error
    } finally {
      signal?.removeEventListener('abort', stop)
      graceOver?.()
      await resigned(leadership)
    }
    return isAborted(signal)
  }

  async function paused(delayMs: number): Promise<boolean> {
    return sleep(clock, delayMs, signal).then(
      () => true,
      () => false,
    )
  }
}

/** The key goes on being removed in the background when etcd does not confirm; `close()` reports on that. */
async function resigned(leadership: Leadership): Promise<void> {
  await leadership.resign().catch(() => undefined)
}

/** Whether work failed only because it was told to stop. */
function isConsequence(error: unknown, { aborted, reason }: AbortSignal): boolean {
  if (!aborted) return false
  if (error === reason || error instanceof ElectError) return true
  return error instanceof Error && (error.name === 'AbortError' || error.cause === reason)
}

/** A function of its own, because the signal changes between two looks. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
