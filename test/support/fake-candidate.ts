// A candidate that is elected when the test says so, with real leaderships.

import { lead, type LeadOptions } from '../../src/candidate/lead.js'
import { Leadership } from '../../src/candidate/leadership.js'
import type { Lease } from '../../src/lease/lease.js'
import { TestClock } from '../../src/testing/test-clock.js'

export class FakeCandidate {
  readonly clock = new TestClock()
  readonly leaderships: Leadership[] = []
  readonly resignations: number[] = []
  campaigns = 0
  remainingMs = 4_000
  #outcome: (() => Leadership) | undefined
  #campaign: { resolve(leadership: Leadership): void; reject(error: Error): void } | undefined

  readonly campaign = ({ signal }: { signal?: AbortSignal | undefined }): Promise<Leadership> => {
    this.campaigns += 1
    if (this.#outcome !== undefined) return Promise.resolve(this.#outcome())
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort)
      const over = (): void => signal?.removeEventListener('abort', abort)
      this.#campaign = {
        resolve(leadership) {
          over()
          resolve(leadership)
        },
        reject(error) {
          over()
          reject(error)
        },
      }
    })
  }

  /** Wins every campaign at once. */
  alwaysWins(): this {
    this.#outcome = () => this.#win()
    return this
  }

  wins(): Leadership {
    const leadership = this.#win()
    this.#campaign?.resolve(leadership)
    return leadership
  }

  fails(error: Error): void {
    this.#campaign?.reject(error)
  }

  get latest(): Leadership {
    const leadership = this.leaderships.at(-1)
    if (leadership === undefined) throw new Error('nothing was won yet')
    return leadership
  }

  lead(
    work: (leadership: Leadership) => unknown,
    signal?: AbortSignal,
    options: Omit<LeadOptions, 'signal'> = {},
  ): Promise<void> {
    return lead(this, { clock: this.clock, random: () => 1 }, work, {
      signal,
      ...options,
    })
  }

  #win(): Leadership {
    const index = this.leaderships.length
    const holder = {
      name: 'web-1',
      proclaim: () => Promise.resolve(),
      resign: () => {
        this.resignations.push(index)
        leadership.end('resigned')
        return Promise.resolve()
      },
    }
    const lease = { remainingMs: () => this.remainingMs } as unknown as Lease
    const candidacy = { election: 'jobs', term: 'jobs/1a', fencingToken: BigInt(index + 1) }
    const leadership = new Leadership(holder, candidacy, lease)
    this.leaderships.push(leadership)
    return leadership
  }
}
