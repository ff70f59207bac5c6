// The loop that most services want: campaign, work while elected, campaign again.
// It must not decide who leads; it uses what every user could use.

import { sleep } from '../base/clock.js'
import { ClosedError, ElectError, LeadershipLostError } from '../base/errors.js'
import { fn, milliseconds } from '../base/options/checks.js'
import { type OptionTable, type Resolved, resolveOptions } from '../base/options/table.js'
import { waitOptionTable } from '../base/wait.js'
import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../base/backoff.js'
import type { Leadership } from './leadership.js'

/** The options of `candidate.lead()`. */
export interface LeadOptions {
  /** Ends the loop: the work is asked to stop, and the leadership is given up when it has. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called once a term, when its work has ended, and awaited before the key is given up: for what has to be done before
   * another candidate leads. When the term was lost, another one may lead already: `leadership.isValid()` tells.
   */
  readonly onStop?: ((leadership: Leadership) => unknown) | undefined
  /**
   * How long before the end of a term that is not renewed any more the work is asked to stop, in milliseconds, from 0 to
   * half of the TTL. Default 0: the work hears of the end at the end.
   */
  readonly drainMs?: number | undefined
}

/** @param ttlS of the session, which bounds `drainMs` */
export function leadOptionTable(ttlS: number) {
  const maxDrainMs = ttlS * 500
  return {
    signal: {
      ...waitOptionTable.signal,
      doc: 'aborted, it asks the work to stop, and ends the loop when it has',
    },
    onStop: {
      check: fn<(leadership: Leadership) => unknown>('`(leadership) => unknown`'),
      doc: 'called once a term when its work has ended, and awaited before the key is given up',
    },
    drainMs: {
      check: milliseconds(0, maxDrainMs, {
        expected: `milliseconds from 0 to half of the TTL, ${String(maxDrainMs)}`,
        range: '0 to half of the TTL',
      }),
      default: 0,
      doc: 'so long before the end of a term that is not renewed the work is asked to stop',
    },
  } satisfies OptionTable<LeadOptions>
}

/** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
export function checkLead(
  options: unknown,
  ttlS: number,
): Resolved<ReturnType<typeof leadOptionTable>> {
  return resolveOptions(leadOptionTable(ttlS), options, { example: '{ signal }' })
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
  { signal, onStop, drainMs = 0 }: LeadOptions,
): Promise<void> {
  const backoff = new Backoff(random, 100, 5_000)
  while (!isAborted(signal)) {
    let leadership: Leadership
    try {
      leadership = await candidate.campaign({ signal })
    } catch (error) {
      if (isAborted(signal) || error instanceof ClosedError) return
      if (!(error instanceof ElectError && error.retryable)) throw error
      if (!(await paused(backoff.nextMs()))) return
      continue
    }
    const electedMs = clock.monotonicMs()
    if (await served(leadership)) return
    if (clock.monotonicMs() - electedMs >= shortTermMs) backoff.reset()
    else if (!(await paused(backoff.nextMs()))) return
  }

  /**
   * One term, from the election until the key is given up. Tells whether the loop is to end with it. The order is: the
   * signal fires, the work ends, `onStop` ends, the key is given up; or the time that was surely left is over, and the
   * key goes whatever the work does, because it must not keep others from leading.
   */
  async function served(leadership: Leadership): Promise<boolean> {
    let graceOver: (() => void) | undefined
    const askToStop = (reason: unknown): void => {
      leadership.askToStop(reason)
      graceOver ??= clock.setTimer(leadership.remainingMs(), () => void resigned(leadership))
    }
    const stop = (): void => {
      askToStop(signal?.reason)
    }
    if (isAborted(signal)) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    const unwatch = drainMs > 0 ? beforeTheEnd(leadership, askToStop) : undefined
    const failures = [await failure(work, leadership), await failure(onStop, leadership)]
    signal?.removeEventListener('abort', stop)
    unwatch?.()
    graceOver?.()
    await resigned(leadership)
    const [first] = failures.filter((one) => one !== undefined)
    if (first !== undefined) throw first.error
    return isAborted(signal)
  }

  /** Asks when so little is left that the term is not being renewed. */
  function beforeTheEnd(leadership: Leadership, ask: (reason: unknown) => void): () => void {
    let cancel = (): void => undefined
    const look = (): void => {
      const spareMs = leadership.remainingMs() - drainMs
      if (spareMs > 0) cancel = clock.setTimer(spareMs, look)
      else ask(aboutToEnd(leadership))
    }
    look()
    return () => {
      cancel()
    }
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

/** What it throws, unless that is but a consequence of being told to stop. */
async function failure(
  act: ((leadership: Leadership) => unknown) | undefined,
  leadership: Leadership,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await act?.(leadership)
    return undefined
  } catch (error) {
    return isConsequence(error, leadership.signal) ? undefined : { error }
  }
}

function aboutToEnd({ term }: Leadership): LeadershipLostError {
  const why = 'the lease is not being renewed'
  return new LeadershipLostError(`the term '${term}' is about to end: ${why}`, {
    cause: new Error(why),
  })
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
