// Plays one schedule: a world made from a seed, some seconds of faults, calm in which everything
// has to heal, and the end. The same seed is the same schedule to the last message.

import { seededRandom } from '../../../src/testing/seeded-random.js'
import { TestClock } from '../../../src/testing/test-clock.js'
import { Cluster } from './cluster.js'
import { drawFault, type Stage } from './nemesis.js'
import { Network } from './network.js'
import { Oracle, type Rule, type Violation } from './oracle.js'
import { Process } from './process.js'
import { type Character, Service, type Witness } from './service.js'

export interface SimulateOptions {
  /** By how much clocks exceed `clockDrift`; 0: they keep to it. */
  readonly slowerBy?: number
  /** Default: as the seed says. */
  readonly lockDelay?: boolean
}

export interface Result {
  readonly seed: number
  readonly lockDelay: boolean
  readonly violations: readonly Violation[]
  readonly trace: readonly string[]
  readonly terms: number
  readonly faults: number
  readonly requests: number
  readonly virtualMs: number
  readonly excused: { readonly count: number; readonly longestMs: number }
}

const clockDrift = 0.05
/** A service that sends more requests than this in a second causes a request storm. */
const stormPerSecond = 200

export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Result> {
  const world = new World(seed, options)
  const unhandled = (error: unknown): void => {
    world.oracle.wrong(
      'unhandled rejection',
      error instanceof Error ? String(error.stack) : String(error),
    )
  }
  process.on('unhandledRejection', unhandled)
  try {
    await world.play()
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  return world.result()
}

class World implements Witness {
  readonly oracle: Oracle
  readonly #seed: number
  readonly #random: () => number
  readonly #clock = new TestClock()
  readonly #cluster: Cluster
  readonly #services: Service[] = []
  readonly #trace: string[] = []
  readonly #lockDelay: boolean
  readonly #slowerBy: number
  readonly #sleeps: boolean
  readonly #ttls: readonly number[]
  readonly #active = new Set<() => void>()
  #born = 0
  #faults = 0
  #requests = 0
  #isCalm = false

  constructor(seed: number, { slowerBy = 0, lockDelay }: SimulateOptions) {
    this.#seed = seed
    this.#random = seededRandom(seed)
    this.#cluster = new Cluster(this.#clock, this.#random)
    this.#lockDelay = lockDelay ?? this.#random() < 0.4
    this.#slowerBy = slowerBy
    this.#sleeps = this.#random() < 0.5
    const ttl = [2, 3, 5, 8][Math.floor(this.#random() * 4)] ?? 5
    // With different TTLs a candidate would have to learn another one's TTL in time; see
    // docs/guarantees.md.
    this.#ttls = this.#lockDelay ? [ttl] : [ttl, 3, 5]
    const nowMs = (): number => this.#clock.monotonicMs()
    this.oracle = new Oracle(() => this.#cluster.member, nowMs, this.#lockDelay)
  }

  async play(): Promise<void> {
    const count = 2 + Math.floor(this.#random() * 3)
    for (let i = 0; i < count; i++) this.#services.push(this.#birth())
    this.#strikeNext()
    await this.#pass(20_000 + this.#random() * 40_000)
    await this.#heal()
    await this.#end()
  }

  result(): Result {
    return {
      seed: this.#seed,
      lockDelay: this.#lockDelay,
      violations: this.oracle.violations,
      trace: this.#trace,
      terms: this.oracle.terms.length,
      faults: this.#faults,
      requests: this.#requests,
      virtualMs: this.#clock.monotonicMs(),
      excused: this.oracle.excused,
    }
  }

  elected(service: Service, leadership: Parameters<Oracle['elected']>[1]): void {
    this.note(
      `${service.process.name} is elected: ${leadership.term} (${String(leadership.fencingToken)})`,
    )
    this.oracle.elected(service, leadership)
  }

  ended(service: Service, leadership: Parameters<Oracle['ended']>[0], how: string): void {
    this.note(`${service.process.name} is told that ${leadership.term} has ended: ${how}`)
    this.oracle.ended(leadership)
  }

  wrong(rule: Rule, what: string): void {
    this.oracle.wrong(rule, what)
  }

  note(what: string): void {
    this.#trace.push(`${(this.#clock.monotonicMs() / 1000).toFixed(4).padStart(9)} ${what}`)
  }

  #birth(): Service {
    const random = this.#random
    const ttl = this.#ttls[Math.floor(random() * this.#ttls.length)] ?? 5
    // The slower its clock, the longer a leader believes. The rate stays off the bound, which
    // rounding would cross.
    const rate =
      (1 - clockDrift + 0.005) * (1 - this.#slowerBy) + random() * (2 * clockDrift - 0.01)
    const name = `p${String(this.#born++)}`
    const process = new Process(
      name,
      this.#clock,
      this.#slowerBy > 0 ? 1 - clockDrift - this.#slowerBy : rate,
    )
    process.stepWallClock((random() - 0.5) * 100_000)
    const note = (what: string): void => {
      this.#requests += 1
      this.note(`    ${name} ${what}`)
    }
    const network = new Network(process, this.#cluster, this.#clock, random, note)
    const character: Character = {
      ttl,
      clockDrift,
      lockDelay: this.#lockDelay,
      leads: random() < 0.5,
      signsIn: random() < 0.3,
    }
    this.note(
      `${name} starts: TTL ${String(ttl)}, rate ${process.rate.toFixed(3)}, ${JSON.stringify(character)}`,
    )
    return new Service(process, network, character, random, this)
  }

  get #stage(): Stage {
    return {
      cluster: this.#cluster,
      oracle: this.oracle,
      services: this.#services,
      random: this.#random,
      sleeps: this.#sleeps,
      after: (ms, work) => this.#clock.setTimer(ms, work),
      note: (what) => {
        this.note(`!! ${what}`)
      },
      replace: (service) => {
        const at = this.#services.indexOf(service)
        if (at >= 0) this.#services.splice(at, 1, this.#birth())
      },
    }
  }

  #strikeNext(): void {
    this.#clock.setTimer(200 + this.#random() * 4_000, () => {
      if (this.#isCalm) return
      this.#faults += 1
      const undo = drawFault(this.#random).strike(this.#stage)
      if (undo !== undefined) {
        const once = (): void => {
          if (this.#active.delete(once)) undo()
        }
        this.#active.add(once)
        // Many faults last about a TTL, some are much shorter.
        const ms = this.#random() < 0.3 ? this.#random() * 600 : this.#random() * 9_000
        this.#clock.setTimer(ms, once)
      }
      this.#strikeNext()
    })
  }

  /** Lets time pass; the oracle looks after each event. */
  async #pass(ms: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + ms
    // Without a timer at the end, time would not get there.
    this.#clock.setTimer(ms, () => undefined)
    let second = 0
    let before = 0
    await this.#clock.advanceUntil(() => {
      this.oracle.look()
      const now = Math.floor(this.#clock.monotonicMs() / 1_000)
      if (now !== second) {
        const limit = stormPerSecond * this.#services.length
        if (this.#requests - before > limit)
          this.wrong('storm', `${String(this.#requests - before)} requests in a second`)
        second = now
        before = this.#requests
      }
      return this.#clock.monotonicMs() >= endMs
    }, ms + 1)
  }

  async #heal(): Promise<void> {
    this.#isCalm = true
    for (const undo of [...this.#active]) undo()
    this.note('-- calm')
    for (const service of this.#services) service.isCalm = true
    const longest = Math.max(...this.#ttls) * 1_000
    // Covers the rest of a lease, once more after a change of etcd's leader, the lock delay, and
    // backoff.
    await this.#pass((this.#lockDelay ? 4 : 3) * longest + 12_000)
    const valid = this.oracle.valid()
    const keys = this.oracle.candidacies()
    if (valid.length !== 1) this.wrong('not healed', `${String(valid.length)} leaders`)
    if (keys.length !== this.#services.length) {
      this.wrong(
        'not healed',
        `${String(keys.length)} keys for ${String(this.#services.length)} candidates`,
      )
    }
    for (const { observer, process } of this.#services) {
      const shown = observer.candidates.map(({ revision }) => revision)
      if (shown.join() !== keys.map(({ token }) => token).join()) {
        this.wrong('not healed', `the observer of ${process.name} shows ${shown.join()}`)
      }
    }
    const leases = [...this.#cluster.member.lessor.all()].length
    if (leases > this.#services.length) this.wrong('not healed', `${String(leases)} leases`)
    // No fault delays the news now, so each candidate learns quickly that its key is gone.
    const [leader] = valid
    if (leader !== undefined) {
      const { term } = leader.leadership
      for (const { key, token } of keys.filter((_, index) => index !== 1)) {
        this.note(`!! delete a key by hand: ${key}`)
        this.oracle.tampersWith(token)
        this.#cluster.member.store.write((writer) => {
          writer.delete(key)
        })
      }
      await this.#pass(500)
      if (leader.leadership.isValid()) this.wrong('not told that its key is gone', term)
      await this.#pass(500)
      const again = this.oracle.candidacies().length
      if (again !== this.#services.length) this.wrong('did not join again', `${String(again)} keys`)
    }
    const before = this.#requests
    await this.#pass(10_000)
    const perSecond = (this.#requests - before) / 10 / this.#services.length
    if (perSecond > 10) this.wrong('storm', `${perSecond.toFixed(1)} requests a second in calm`)
  }

  async #end(): Promise<void> {
    this.note('-- end')
    let closed = 0
    for (const service of this.#services) {
      void service.close().then(() => {
        closed += 1
      })
    }
    await this.#pass(30_000)
    if (closed !== this.#services.length) {
      this.wrong(
        'never settled',
        `${String(this.#services.length - closed)} services did not close`,
      )
    }
    const keys = this.oracle.candidacies()
    if (keys.length > 0) this.wrong('key left behind', keys.map(({ key }) => key).join())
    for (const { ended, service, leadership } of this.oracle.terms) {
      if (!ended && service.process.state !== 'killed')
        this.wrong('never told the end', leadership.term)
    }
    this.#cluster.host.close()
  }
}
