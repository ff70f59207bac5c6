// The service on a simulated process: an observer, and a candidate that campaigns, leads, renames
// itself, resigns, gives up and closes as the seed decides.

import { sleep } from '../../../src/base/clock.js'
import { ElectError } from '../../../src/base/errors.js'
import { Candidate, Etcd, type Leadership, Observer } from '../../../src/index.js'
import { endpoints } from './cluster.js'
import type { Network } from './network.js'
import type { Rule } from './oracle.js'
import type { Process } from './process.js'

export const election = 'jobs'

/** Receives what a service reports. No method may throw. */
export interface Witness {
  elected(service: Service, leadership: Leadership): void
  ended(service: Service, leadership: Leadership, how: string): void
  note(what: string): void
  wrong(rule: Rule, what: string): void
}

export interface Character {
  readonly ttl: number
  readonly clockDrift: number
  readonly lockDelay: boolean
  /** True: it uses `lead()`. False: it calls `campaign()`. */
  readonly leads: boolean
  readonly signsIn: boolean
}

export class Service {
  readonly process: Process
  readonly network: Network
  readonly character: Character
  readonly etcd: Etcd
  readonly candidate: Candidate
  readonly observer: Observer
  readonly loop: Promise<void>
  /** In calm it always wants to lead, and goes on leading. */
  isCalm = false
  readonly #random: () => number
  readonly #witness: Witness
  readonly #stop = new AbortController()
  #lastRevision = 0n

  constructor(
    process: Process,
    network: Network,
    character: Character,
    random: () => number,
    witness: Witness,
  ) {
    this.process = process
    this.network = network
    this.character = character
    this.#random = random
    this.#witness = witness
    const { ttl, clockDrift, lockDelay, signsIn } = character
    this.etcd = new Etcd({
      endpoints,
      clock: process,
      random,
      transport: network.connect,
      attemptTimeoutMs: 1_000,
      callTimeoutMs: 4_000,
      ...(signsIn ? { user: 'user', password: 'secret' } : {}),
    })
    const options = { election, name: process.name, ttl, clockDrift, lockDelay }
    this.candidate = new Candidate(this.etcd, options)
    this.observer = new Observer(this.etcd, { election })
    this.loop = character.leads ? this.#lead() : this.#campaign()
    void this.#observe()
  }

  /** Ends the service; resolves when all its parts have ended. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'))
    await this.candidate.close().catch((error: unknown) => {
      this.#witness.note(`close: ${String(error)}`)
    })
    await this.loop
    await this.observer.stop()
    await this.etcd.close()
  }

  async #lead(): Promise<void> {
    for (;;) {
      try {
        await this.candidate.lead((leadership) => this.#work(leadership), this.#stop)
        return
      } catch (error) {
        if (!(await this.#goesOnAfter(error))) return
      }
    }
  }

  async #campaign(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const patience = new AbortController()
        const givesUp = !this.isCalm && this.#random() < 0.3
        const cancel = givesUp
          ? this.process.setTimer(this.#random() * 8_000, () => {
              patience.abort(new Error('impatient'))
            })
          : () => undefined
        const signal = AbortSignal.any([patience.signal, this.#stop.signal])
        const leadership = await this.candidate.campaign({ signal })
        cancel()
        await this.#work(leadership)
        await leadership.resign()
        if (!this.isCalm) await this.#pause(this.#random() * 2_000)
      } catch (error) {
        if (!(await this.#goesOnAfter(error))) return
      }
    }
  }

  async #work(leadership: Leadership): Promise<void> {
    this.#witness.elected(this, leadership)
    const { signal } = leadership
    const over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else
        signal.addEventListener(
          'abort',
          () => {
            resolve()
          },
          { once: true },
        )
    })
    let told = 0
    void leadership.ended.then((how) => {
      told += 1
      if (told > 1) this.#witness.wrong('told twice', `${leadership.term} ended twice`)
      this.#witness.ended(this, leadership, how)
    })
    if (this.#random() < 0.3) {
      await leadership.proclaim(`${this.process.name}!`).catch(() => undefined)
    }
    for (;;) {
      const rested = this.#pause(500 + this.#random() * 8_000)
      if (await Promise.race([over.then(() => true), rested.then(() => false)])) return
      if (this.#stop.signal.aborted) return
      if (!this.isCalm && this.#random() < 0.5) return
    }
  }

  async #observe(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.observer.start(this.#stop)
        let leader = 0n
        for await (const shown of this.observer) {
          const { revision } = this.observer
          const wentBack = revision < this.#lastRevision || (shown?.revision ?? leader) < leader
          if (wentBack) {
            this.#witness.wrong('observer went back', `${this.process.name} to ${String(revision)}`)
          }
          this.#lastRevision = revision
          leader = shown?.revision ?? leader
        }
      } catch (error) {
        if (this.#isStopped()) return
        if (!(error instanceof ElectError)) throw error
        await this.#pause(500)
      }
    }
  }

  async #goesOnAfter(error: unknown): Promise<boolean> {
    if (this.#stop.signal.aborted) return false
    const impatient = error instanceof Error && error.message === 'impatient'
    if (!impatient && !(error instanceof ElectError)) {
      this.#witness.wrong('strange error', `${this.process.name}: ${String(error)}`)
      return false
    }
    if (!impatient) this.#witness.note(`${this.process.name}: ${String(error)}`)
    await this.#pause(200 + this.#random() * 500)
    return true
  }

  /** A method, because the answer changes during an await. */
  #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.process, ms)
  }
}
