// Everything that takes part in a round: a cluster, candidates, observers, perhaps a PostgreSQL.

import { join } from 'node:path'
import { type EtcdCluster, type EtcdProcess, startCluster } from '../../support/etcd.js'
import { FakeClock } from './fake-clock.js'
import { Gateway, type KeyValue, root } from './gateway.js'
import { type Entry, type NemesisEntry, of, type Timeless } from './history.js'
import { now } from './host-clock.js'
import { Network } from './network.js'
import type { Postgres } from './postgres.js'
import { padded, registerKey } from './registers.js'
import { Subject } from './subject.js'

/** What depends on the host or on the subject. */
export type Ability = 'namespaces' | 'strace' | 'faketime' | 'sign in'

export interface WorldOptions {
  readonly program: string
  readonly observer: string
  /** The prefix before the election's name in keys: npm etcd3 has one of its own. */
  readonly keyPrefix: string
  readonly version: string
  readonly candidates: number
  readonly ttlS: number
  readonly lockDelay: boolean
  readonly postgres: Postgres | undefined
  readonly dir: string
  /** What the faults of the round need. */
  readonly abilities: ReadonlySet<Ability>
}

const election = 'contested'

export class World {
  readonly ttlMs: number
  readonly candidates: readonly Subject[]
  readonly observers: readonly Subject[]
  readonly cluster: EtcdCluster
  readonly etcd: Gateway
  readonly #network: Network | undefined
  readonly #prefix: string
  readonly #entries: Entry[] = []

  private constructor(
    options: WorldOptions,
    network: Network | undefined,
    cluster: EtcdCluster,
    etcd: Gateway,
    candidates: readonly Subject[],
    observers: readonly Subject[],
  ) {
    this.ttlMs = options.ttlS * 1_000
    this.#prefix = `${options.keyPrefix}${election}/`
    this.#network = network
    this.cluster = cluster
    this.etcd = etcd
    this.candidates = candidates
    this.observers = observers
  }

  static async make(options: WorldOptions): Promise<World> {
    const { version, ttlS, dir, postgres, abilities } = options
    const network = abilities.has('namespaces') ? await Network.make(3) : undefined
    const cluster = await startCluster({
      version,
      hosts: network?.hosts,
      // A quota that fills within a second, and sign-in tokens that expire soon.
      args: [
        ...['--quota-backend-bytes', '16000000'],
        ...['--auth-token-ttl', '2', '--bcrypt-cost', '4'],
      ],
    })
    const etcd = new Gateway(() =>
      cluster.members.filter(({ isRunning }) => isRunning).map(({ endpoint }) => endpoint),
    )
    for (const fenced of [true, false]) await etcd.put(registerKey(election, fenced), padded(0n))
    await postgres?.reset(election)
    const task = {
      election,
      ttlS,
      lockDelay: options.lockDelay,
      user: root,
      postgres: postgres?.socketDir,
      termMs: ttlS * 5_000,
    }
    const start = (
      program: string,
      name: string,
      { clock, ...more }: { clock?: FakeClock | undefined; election?: string } = {},
    ): Promise<Subject> =>
      Subject.start({
        program,
        task: { ...task, name, ...more },
        dir: join(dir, name),
        members: cluster.members,
        clock,
      })
    const candidates = Array.from({ length: options.candidates }, (_, index) => {
      const name = `c${String(index)}`
      // The first candidate keeps true clocks.
      const fake = abilities.has('faketime') && index > 0
      const clock = fake ? new FakeClock(join(dir, `${name}-clock`), { all: index > 1 }) : undefined
      return start(options.program, name, { clock })
    })
    const observed = `${options.keyPrefix}${election}`
    const observer = start(options.observer, 'o0', { election: observed })
    return new World(
      options,
      network,
      cluster,
      etcd,
      await Promise.all(candidates),
      await Promise.all([observer]),
    )
  }

  get subjects(): readonly Subject[] {
    return [...this.candidates, ...this.observers]
  }

  /** The members' network, when they have one of their own. */
  get network(): Network {
    if (this.#network === undefined) throw new Error('the members have no network of their own')
    return this.#network
  }

  get member(): EtcdProcess {
    const running = this.cluster.members.find(({ isRunning }) => isRunning)
    if (running === undefined) throw new Error('no member of etcd runs')
    return running
  }

  note(entry: Timeless<NemesisEntry>): void {
    this.#entries.push({ at: now(), ...entry, who: 'nemesis' })
  }

  /** All entries, in order of time. */
  history(): Entry[] {
    const all = [...this.#entries, ...this.subjects.flatMap((subject) => subject.history())]
    return all.sort((a, b) => a.at - b.at)
  }

  /**
   * Reads the candidates' keys, oldest first, and notes them. Rejects when etcd does not answer.
   */
  async keys(): Promise<KeyValue[]> {
    const at = now()
    const { keys, revision } = await this.etcd.list(this.#prefix)
    const noted = keys.map(({ key, create }) => ({ key, create }))
    this.note({ is: 'keys', at, to: now(), revision: String(revision), keys: noted })
    return keys
  }

  /** The candidate with the oldest key. */
  async leader(): Promise<Subject | undefined> {
    const [oldest] = await this.keys().catch(() => [])
    return this.candidates.find(({ name }) => name === oldest?.value)
  }

  /** The token of the candidate that now believes that it leads, as far as is written down. */
  believed(): string | undefined {
    const recent = this.candidates.flatMap((subject) => subject.recent())
    return of(recent, 'valid').find(({ to }) => to > now() - 200)?.token
  }

  async heal(): Promise<void> {
    await this.#network?.heal()
    for (const member of this.cluster.members) {
      if (member.isRunning) member.resume()
      else await member.restart()
    }
    for (const subject of this.subjects) {
      subject.signal('SIGCONT')
      for (const proxy of subject.proxies) proxy.heal()
      if (!subject.isRunning) subject.start()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subject of this.subjects) await subject[Symbol.asyncDispose]()
    await this.cluster[Symbol.asyncDispose]()
    await this.#network?.[Symbol.asyncDispose]()
  }
}
