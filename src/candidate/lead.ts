// The loop of `candidate.lead()`: campaign, work while elected, campaign again.

import { type Clock, sleepUnlessAborted } from '../base/clock.js'
import { ClosedError, ElectError, LeadershipLostError } from '../base/errors.js'
import { fn, milliseconds } from '../base/options/checks.js'
import { type OptionTable, type Resolved, resolveOptions } from '../base/options/table.js'
import { waitOptionTable } from '../base/wait.js'
import { Backoff } from '../base/backoff.js'
import type { Leadership } from './leadership.js'

/** The options of `candidate.lead()`. */
export interface LeadOptions {
  /** Ends the loop: the work is asked to stop, and then the leadership is given up. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called once per term, when its work has ended, and awaited before the key is given up: for what
   * has to be done before another candidate leads. When the term was lost, another candidate may
   * lead already: `leadership.isValid()` tells.
   */
  readonly onStop?: ((leadership: Leadership) => unknown) | undefined
  /**
   * How long before the end of a term that is no longer renewed the work is asked to stop, in
   * milliseconds, from 0 to half of the TTL. Default 0: the work is asked at the end.
   */
  readonly drainMs?: number | undefined
}

/** @param ttlS the TTL of the session, in seconds: it bounds `drainMs` */
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

/** What the loop paces itself by. */
interface Pacing {
  readonly clock: Clock
  readonly random: () => number
}

/** A pause follows a shorter term: work that ends at once must not cause a storm of elections. */
const shortTermMs = 1_000

export async function lead(
  candidate: Campaigner,
  { clock, random }: Pacing,
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
      if (!(await sleepUnlessAborted(clock, backoff.nextMs(), signal))) return
      continue
    }
    const electedMs = clock.monotonicMs()
    if (await serve(leadership)) return
    if (clock.monotonicMs() - electedMs >= shortTermMs) backoff.reset()
    else if (!(await sleepUnlessAborted(clock, backoff.nextMs(), signal))) return
  }

  /**
   * Serves one term, from the election until the key is given up. Returns whether the loop ends
   * with it. The order is: the signal fires, the work ends, `onStop` ends, the key is given up.
   * When the time runs out that was surely left as the signal fired, the key is given up whatever
   * the work does, because it must not keep others from leading.
   */
  async function serve(leadership: Leadership): Promise<boolean> {
    let cancelGrace: (() => void) | undefined
    const askToStop = (reason: unknown): void => {
      leadership.askToStop(reason)
      cancelGrace ??= clock.setTimer(leadership.remainingMs(), () => void tryToResign(leadership))
    }
    const stop = (): void => {
      askToStop(signal?.reason)
    }
    if (isAborted(signal)) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    const stopWatching = drainMs > 0 ? watchForEnd(leadership, askToStop) : undefined
    const failures = [await failureOf(work, leadership), await failureOf(onStop, leadership)]
    signal?.removeEventListener('abort', stop)
    stopWatching?.()
    cancelGrace?.()
    await tryToResign(leadership)
    const [first] = failures.filter((failure) => failure !== undefined)
    if (first !== undefined) throw first.error
    return isAborted(signal)
  }

  /** Asks the work to stop when less than `drainMs` is left: then the term is not being renewed. */
  function watchForEnd(leadership: Leadership, askToStop: (reason: unknown) => void): () => void {
    let cancel = (): void => undefined
    const check = (): void => {
      const spareMs = leadership.remainingMs() - drainMs
      if (spareMs > 0) cancel = clock.setTimer(spareMs, check)
      else askToStop(aboutToEndError(leadership))
    }
    check()
    return () => {
      cancel()
    }
  }
}

/** When etcd does not confirm, the key is removed in the background; `close()` reports on that. */
async function tryToResign(leadership: Leadership): Promise<void> {
  await leadership.resign().catch(() => undefined)
}

/** Runs `act`. Returns its error, unless it failed only because it was asked to stop. */
async function failureOf(
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

function aboutToEndError({ term }: Leadership): LeadershipLostError {
  const why = 'the lease is not being renewed'
  return new LeadershipLostError(`the term '${term}' is about to end: ${why}`, {
    cause: new Error(why),
  })
}

/**
 * Whether the work probably failed only because it was asked to stop. Once it was, every error of
 * this library counts as such: docs/lifecycle.md.
 */
function isConsequence(error: unknown, { aborted, reason }: AbortSignal): boolean {
  if (!aborted) return false
  if (error === reason || error instanceof ElectError) return true
  return error instanceof Error && (error.name === 'AbortError' || error.cause === reason)
}

/** A function, because TypeScript takes the state of a signal for a constant across an await. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
