// The etcd that a user's test holds in its hands: it puts the parts of this folder together.
// It must not know what is tested, nor any test framework.

import { inProcessTransport } from '../devserver/in-process.js'
import { keyBytes, keyText } from '../devserver/store/interval.js'
import { encode } from '../election/keys.js'
import { InvalidArgumentError } from '../base/errors.js'
import { Etcd } from '../etcd/client.js'
import { RpcError, Status } from '../etcd/wire/transport.js'
import { ClientLine } from './client-line.js'
import { candidatesIn, leasesIn, type TestCandidate, type TestLease } from './contents.js'
import { type Failure, Faults } from './faults.js'
import type { LineState } from './line.js'
import { EtcdHost, testEndpoint } from './etcd-host.js'
import { seededRandom } from './seeded-random.js'
import {
  checkPutOptions,
  checkStartOptions,
  checkTestClientOptions,
  checkTestEtcdOptions,
  type PutOptions,
  type StartOptions,
  type TestClientOptions,
  type TestEtcdOptions,
} from './options.js'
import { settled, TestClock } from './test-clock.js'
import { resolveDelay, resolveFailure, resolveWhere, type Where, withoutTimes } from './where.js'

/**
 * An etcd for unit tests: in memory, without sockets, with the time and the faults in the hands of the test. It is the
 * devserver; what is handed to your code is a real {@link Etcd} client on it.
 *
 * Nothing waits for real: {@link TestClock.advance | clock.advance()} lets time pass. Calls that need no time to pass
 * can simply be awaited.
 *
 * It does not make your own timers and I/O go by its clock, and no two processes: all clients live in this one.
 *
 * @example
 * import { Candidate } from 'etcd-elect'
 * import { TestEtcd } from 'etcd-elect/testing'
 *
 * const test = new TestEtcd()
 * const one = new Candidate(test.connect(), { election: 'jobs', name: 'web-1', ttl: 5 })
 * const two = new Candidate(test.connect(), { election: 'jobs', name: 'web-2', ttl: 5 })
 * const first = await one.campaign()
 * const second = two.campaign()
 * test.revokeLease(test.candidates('jobs')[0].leaseId)
 * console.log((await second).fencingToken > first.fencingToken, await first.ended)
 * await test.close()
 */
export class TestEtcd implements AsyncDisposable {
  /** Time, for the etcd and all clients of it. */
  readonly clock: TestClock
  readonly #random: () => number
  readonly #host: EtcdHost
  readonly #faults = new Faults<ClientLine>()
  readonly #lines = new Map<Etcd, ClientLine>()
  /** Of clients that are yet to come. */
  #newLine: LineState = 'up'
  #isClosed = false

  /**
   * @throws {@link InvalidArgumentError} naming the option, what was expected and what came.
   */
  constructor(options: TestEtcdOptions = {}) {
    const { clock = new TestClock(), seed } = checkTestEtcdOptions(options)
    this.clock = clock
    this.#random = seededRandom(seed)
    this.#host = new EtcdHost({ clock, random: this.#random, firstRevision: 1n })
  }

  /**
   * Makes a client, to be handed to the code under test. Each has a line of its own to the etcd: one client a process
   * that is played.
   */
  connect(options: TestClientOptions = {}): Etcd {
    const given = checkTestClientOptions(options)
    if (this.#isClosed) throw new Error('this TestEtcd is closed: make a new one')
    const line = new ClientLine(this.#faults, () => this.#host.state === 'paused', this.#newLine)
    const inner = inProcessTransport(() => this.#host.router(), this.clock)
    const etcd = new Etcd({
      ...given,
      endpoints: testEndpoint,
      transport: line.factory(inner, this.clock),
      clock: this.clock,
      random: this.#random,
    })
    this.#lines.set(etcd, line)
    return etcd
  }

  /** Who contends in an election, oldest first: the first one leads. As etcd has it now; no candidate is asked. */
  candidates(election: string): readonly TestCandidate[] {
    return candidatesIn(this.#host.member, election)
  }

  /** All leases, as etcd has them now. */
  leases(): readonly TestLease[] {
    return leasesIn(this.#host.member)
  }

  /**
   * Ends a lease as `etcdctl lease revoke` does; the keys on it go with it.
   *
   * @throws Error when there is no such lease.
   */
  revokeLease(leaseId: bigint): void {
    this.#host.member.revoke(leaseId)
  }

  /**
   * Ends a lease as etcd does when its time has run out, which looks no different from a revocation: whoever believed
   * in it is told. For one whose client cannot know, {@link cut} the client off and let time pass.
   *
   * @throws Error when there is no such lease.
   */
  expireLease(leaseId: bigint): void {
    this.revokeLease(leaseId)
  }

  /** Deletes one key as `etcdctl del` does. Does nothing when it is not there. */
  deleteKey(key: string): void {
    this.#host.member.store.write((writer) => {
      writer.delete(keyText(encode(key)))
    })
  }

  /** Puts one key as `etcdctl put` does, for instance a stranger in an election. */
  putKey(key: string, value: string, options: PutOptions = {}): void {
    const { leaseId } = checkPutOptions(options)
    const { store, lessor } = this.#host.member
    if (leaseId !== 0n && !lessor.has(leaseId)) {
      throw new InvalidArgumentError('leaseId', 'expected a lease that is there', leaseId)
    }
    store.write((writer) => {
      writer.put(keyText(encode(key)), keyBytes(keyText(encode(value))), leaseId)
    })
  }

  /** Has etcd forget everything that is not the present. Watches that have not come that far have to read anew. */
  compact(): void {
    const { store } = this.#host.member
    if (store.compactRevision < store.revision) store.compact(store.revision)
  }

  /**
   * Has calls fail. On a stream, opening it counts as a use, and each message that is sent.
   *
   * @param failure the gRPC status, and what etcd would say.
   * @returns calls it off.
   */
  fail(failure: Failure, where: Where = {}): () => void {
    return this.#add(where, { kind: 'fail', failure: resolveFailure(failure) })
  }

  /** Loses requests on the way there: etcd never hears of them. What comes after on the same stream is lost as well. */
  dropRequests(where: Where = {}): () => void {
    return this.#add(where, { kind: 'dropRequest' })
  }

  /** Loses answers on the way back: etcd has done what was asked. What comes after on the same stream is lost as well. */
  dropAnswers(where: Where = {}): () => void {
    return this.#add(where, { kind: 'dropAnswer' })
  }

  /** Delays each message by so many milliseconds, each way. `times` does not apply: it lasts until it is called off. */
  delay(ms: number, where: Omit<Where, 'times'> = {}): () => void {
    return this.#add(withoutTimes(where), { kind: 'delay', ms: resolveDelay(ms) })
  }

  /** Calls off all that {@link fail}, {@link dropRequests}, {@link dropAnswers} and {@link delay} have asked for. */
  clearFaults(): void {
    this.#faults.clear()
  }

  /**
   * Loses everything between a client (default: all, also those to come) and etcd, without a word, until {@link heal}. Streams that were
   * open stay silent after that, and new ones work.
   */
  cut(client?: Etcd): void {
    this.#set('cut', client)
  }

  /** Holds everything between a client (default: all) and etcd back, until {@link heal} delivers it. */
  hold(client?: Etcd): void {
    this.#set('held', client)
  }

  /** Ends {@link cut} and {@link hold}. */
  heal(client?: Etcd): void {
    this.#set('up', client)
  }

  /** Ends the streams of a client (default: all) with an error; it may open others at once. */
  breakStreams(client?: Etcd): void {
    const error = new RpcError(Status.unavailable, 'the connection was reset')
    for (const line of this.#linesOf(client)) line.fail(error, { streamsOnly: true })
  }

  /**
   * Freezes etcd, as SIGSTOP does or a frozen virtual host: nobody gets an answer, and no lease runs out, until
   * {@link resume}. Then those run out whose time is over.
   */
  pause(): void {
    this.#host.pause()
  }

  /** Ends {@link pause}. */
  resume(): void {
    this.#host.resume()
    for (const line of this.#lines.values()) line.pump()
  }

  /** Ends etcd, as SIGKILL does: what is under way fails, and connections are refused until {@link start}. */
  stop(): void {
    this.#host.stop()
    const error = new RpcError(Status.unavailable, 'the connection was reset: etcd has stopped')
    for (const line of this.#lines.values()) line.fail(error)
  }

  /** Starts an etcd that was stopped. */
  start(options: StartOptions = {}): void {
    const { store, firstRevision } = checkStartOptions(options)
    // A revision is left out, so that whoever has seen the last one finds that the next is not to be had.
    const next = firstRevision ?? this.#host.member.store.revision + 2n
    this.#host.start(store === 'lost' ? next : undefined)
  }

  /** {@link stop} and {@link start}, with no time in between. */
  restart(options: StartOptions = {}): void {
    checkStartOptions(options)
    this.stop()
    this.start(options)
  }

  /** Until all that can happen without time passing has happened. */
  settled(): Promise<void> {
    return settled()
  }

  /** Closes all clients, and forgets everything. What still waits on them rejects. May be called more than once. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#lines.keys()].map((etcd) => etcd.close()))
    this.#lines.clear()
    this.#host.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #add(where: Where, fault: Parameters<Faults<ClientLine>['add']>[1]): () => void {
    const { method, client, times } = resolveWhere(where)
    const line = client === undefined ? undefined : this.#linesOf(client)[0]
    return this.#faults.add({ method, client: line }, fault, times)
  }

  #set(state: LineState, client: Etcd | undefined): void {
    if (client === undefined) this.#newLine = state
    for (const line of this.#linesOf(client)) line.set(state)
  }

  #linesOf(client: Etcd | undefined): readonly ClientLine[] {
    if (client === undefined) return [...this.#lines.values()]
    const line = this.#lines.get(client)
    if (line === undefined) {
      throw new InvalidArgumentError(
        'client',
        'expected what connect() of this one returned',
        client,
      )
    }
    return [line]
  }
}
