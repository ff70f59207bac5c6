// A cluster and candidates, each with a guardian and a renewal worker.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { type EtcdCluster, startCluster } from '../../../support/etcd.js'
import { until } from '../../../support/until.js'
import { type Entry, of } from './judge.js'

export const ttlS = 2
export const maxStallMs = 3_000

export class Candidate {
  readonly #dir: string
  readonly #place: string
  readonly #endpoints: readonly string[]
  #life = 0
  #child: ChildProcessByStdio<Writable, null, null>

  constructor(place: string, endpoints: readonly string[], dir: string) {
    this.#place = place
    this.#endpoints = endpoints
    this.#dir = dir
    this.#child = this.#spawn()
  }

  /** Names the present process: `PLACE#LIFE`. */
  get who(): string {
    return `${this.#place}#${String(this.#life)}`
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  history(): Entry[] {
    const lives = Array.from({ length: this.#life }, (_, life) => this.#log(life + 1))
    return lives.flatMap((log) => read(log))
  }

  /** What the present process has written down. */
  noted<K extends Entry['is']>(is: K): Extract<Entry, { readonly is: K }>[] {
    return of(read(this.#log(this.#life)), is)
  }

  send(command: string, value?: number): void {
    this.#child.stdin.write(`${JSON.stringify([command, value])}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  restart(): void {
    this.#child = this.#spawn()
  }

  /** Resolves when its guardian and its renewal worker run. */
  async ready(): Promise<void> {
    const isReady = (): boolean =>
      this.noted('guardian').length > this.noted('guardianLost').length &&
      this.noted('worker').length > 0
    await until(isReady, { what: `${this.who} to be ready`, timeoutMs: 30_000 })
  }

  #spawn(): ChildProcessByStdio<Writable, null, null> {
    this.#life += 1
    const task = {
      name: this.who,
      endpoints: this.#endpoints,
      log: this.#log(this.#life),
      session: { ttl: ttlS, guardian: true, renewal: 'worker', maxStallMs },
    }
    const program = join(process.cwd(), 'test', 'harness', 'faults', 'failover', 'subject.mjs')
    const flags = ['--expose-gc', program, JSON.stringify(task)]
    const child = spawn(process.execPath, flags, { stdio: ['pipe', 'ignore', 'inherit'] })
    // Commands to a process that is being killed may get lost.
    child.stdin.on('error', () => undefined)
    return child
  }

  #log(life: number): string {
    return join(this.#dir, `${this.#place}-${String(life)}.log`)
  }
}

function read(log: string): Entry[] {
  try {
    const lines = readFileSync(log, 'utf8').split('\n')
    return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Entry)
  } catch {
    // The process has not written a line yet.
    return []
  }
}

export class World {
  readonly cluster: EtcdCluster
  readonly candidates: readonly Candidate[]

  private constructor(cluster: EtcdCluster, candidates: readonly Candidate[]) {
    this.cluster = cluster
    this.candidates = candidates
  }

  static async make(dir: string): Promise<World> {
    const cluster = await startCluster()
    const { endpoints } = cluster
    const candidates = ['a', 'b', 'c'].map((place) => new Candidate(place, endpoints, dir))
    const world = new World(cluster, candidates)
    await world.calm()
    return world
  }

  history(): Entry[] {
    return this.candidates.flatMap((candidate) => candidate.history())
  }

  /** The candidate that was elected last, unless its term has ended. */
  leader(): Candidate | undefined {
    const last = of(this.history(), 'elected')
      .toSorted((a, b) => a.at - b.at)
      .at(-1)
    const candidate = this.candidates.find(({ who }) => who === last?.who)
    const isOver = candidate?.noted('ended').some(({ token }) => token === last?.token)
    return isOver === true ? undefined : candidate
  }

  /** Resolves with the leader, once all candidates are ready. */
  async calm(): Promise<Candidate> {
    await Promise.all(this.candidates.map((candidate) => candidate.ready()))
    await until(() => this.leader() !== undefined, { what: 'a leader', timeoutMs: 30_000 })
    const leader = this.leader()
    if (leader === undefined) throw new Error('expected the leader to stay')
    return leader
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.candidates.map((candidate) => candidate.kill()))
    await this.cluster[Symbol.asyncDispose]()
  }
}
