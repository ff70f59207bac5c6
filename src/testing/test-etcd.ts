// The public TestEtcd: combines the host, lines, faults and clock of this folder. It must not
// depend on a test framework.

import { inProcessTransport } from '../devserver/in-process.js'
import { keyBytes, keyText } from '../devserver/store/interval.js'
import { encode } from '../election/keys.js'
import { InvalidArgumentError } from '../base/errors.js'
import { Etcd } from '../etcd/client.js'
import { RpcError, Status } from '../etcd/wire/transport.js'
import { ClientLine } from './client-line.js'
import { candidatesIn, leasesIn, type TestCandidate, type TestLease } from './contents.js'
import { type Failure, Faults } from './faults.js'
import type { LineState } from './lane.js'
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
 * An etcd for unit tests: in memory, without sockets, and the test controls time and faults. It is
 * the devserver; your code gets a real {@link Etcd} client of it.
 *
 * No real time passes: {@link TestClock.advance | clock.advance()} lets the test's time pass. Calls
 * that need no time to pass can simply be awaited.
 *
 * It does not put your own timers and I/O on its clock, and it does not simulate separate
 * processes: all clients live in this one.
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
  /** The clock of the etcd and all its clients. */
  readonly clock: TestClock
  readonly #random: () => number
  readonly #host: EtcdHost
  readonly #faults = new Faults<ClientLine>()
  readonly #lines = new Map<Etcd, ClientLine>()
  /** The line state of clients that are still to be created. */
  #newLineState: LineState = 'up'
  #isClosed = false

  /**
   * @throws {@link InvalidArgumentError} naming the first invalid option.
   */
  constructor(options: TestEtcdOptions = {}) {
    const { clock = new TestClock(), seed } = checkTestEtcdOptions(options)
    this.clock = clock
    this.#random = seededRandom(seed)
    this.#host = new EtcdHost({ clock, random: this.#random, firstRevision: 1n })
  }

  /**
   * Creates a client for the code under test. Each client has its own line to the etcd: create one
   * for each process that the test plays.
   *
   * @throws {@link InvalidArgumentError} naming the first invalid option.
   * @throws Error after {@link close}.
   */
  connect(options: TestClientOptions = {}): Etcd {
    const given = checkTestClientOptions(options)
    if (this.#isClosed) throw new Error('this TestEtcd is closed: make a new one')
    const line = new ClientLine(
      this.#faults,
      () => this.#host.state === 'paused',
      this.#newLineState,
    )
    const inner = inProcessTransport(() => this.#host.router(), this.clock)
    const etcd = new Etcd({
      ...given,
      endpoints: testEndpoint,
      transport: line.transportFactory(inner, this.clock),
      clock: this.clock,
      random: this.#random,
    })
    this.#lines.set(etcd, line)
    return etcd
  }

  /**
   * The candidates of an election, oldest first: the first one leads. It reads etcd's keys, and
   * asks no candidate.
   */
  candidates(election: string): readonly TestCandidate[] {
    return candidatesIn(this.#host.member, election)
  }

  /** All leases, as etcd has them now. */
  leases(): readonly TestLease[] {
    return leasesIn(this.#host.member)
  }

  /**
   * Revokes a lease, as `etcdctl lease revoke` does, and deletes its keys.
   *
   * @throws Error when there is no such lease.
   */
  revokeLease(leaseId: bigint): void {
    this.#host.member.revoke(leaseId)
  }

  /**
   * Ends a lease as etcd does when its TTL is over. To its client, that looks like a revocation: it
   * learns of it at once. To let a lease expire without its client's knowledge, {@link cut} the
   * client off and let time pass.
   *
   * @throws Error when there is no such lease.
   */
  expireLease(leaseId: bigint): void {
    this.revokeLease(leaseId)
  }

  /** Deletes one key, as `etcdctl del` does. Does nothing when the key does not exist. */
  deleteKey(key: string): void {
    this.#host.member.store.write((writer) => {
      writer.delete(keyText(encode(key)))
    })
  }

  /**
   * Puts one key, as `etcdctl put` does; for instance, to add a foreign candidate to an election.
   *
   * @throws {@link InvalidArgumentError} when `leaseId` is given and there is no such lease.
   */
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

  /**
   * Compacts etcd's history up to the current revision. Watches that are behind have to read
   * everything again.
   */
  compact(): void {
    const { store } = this.#host.member
    if (store.compactRevision < store.revision) store.compact(store.revision)
  }

  /**
   * Makes calls fail, before etcd gets them. On a stream, opening it counts as one use, and so does
   * each message that the client sends.
   *
   * @param failure the gRPC status and etcd's message.
   * @returns a function that removes the fault.
   * @throws {@link InvalidArgumentError} naming the first invalid field of `failure` or `where`.
   */
  fail(failure: Failure, where: Where = {}): () => void {
    return this.#addFault(where, { kind: 'fail', failure: resolveFailure(failure) })
  }

  /**
   * Loses requests before etcd gets them. On a stream, all later messages are lost too.
   *
   * @returns a function that removes the fault.
   * @throws {@link InvalidArgumentError} naming the first invalid field of `where`.
   */
  dropRequests(where: Where = {}): () => void {
    return this.#addFault(where, { kind: 'dropRequest' })
  }

  /**
   * Loses answers after etcd has executed the request. On a stream, all later messages are lost
   * too.
   *
   * @returns a function that removes the fault.
   * @throws {@link InvalidArgumentError} naming the first invalid field of `where`.
   */
  dropAnswers(where: Where = {}): () => void {
    return this.#addFault(where, { kind: 'dropAnswer' })
  }

  /**
   * Delays each message, in both directions, until the fault is removed.
   *
   * @param ms the delay in each direction, in milliseconds.
   * @returns a function that removes the fault.
   * @throws {@link InvalidArgumentError} when `ms` is not above 0, or naming the first invalid
   *   field of `where`.
   */
  delay(ms: number, where: Omit<Where, 'times'> = {}): () => void {
    return this.#addFault(withoutTimes(where), { kind: 'delay', ms: resolveDelay(ms) })
  }

  /**
   * Removes all faults of {@link fail}, {@link dropRequests}, {@link dropAnswers} and
   * {@link delay}.
   */
  clearFaults(): void {
    this.#faults.clear()
  }

  /**
   * Silently loses all messages between a client and etcd until {@link heal}. Streams that were
   * open stay silent even after that; new ones work.
   *
   * @param client default: all clients, including future ones.
   * @throws {@link InvalidArgumentError} when this TestEtcd did not create the client.
   */
  cut(client?: Etcd): void {
    this.#setLineState('cut', client)
  }

  /**
   * Holds back all messages between a client and etcd, until {@link heal} delivers them.
   *
   * @param client default: all clients, including future ones.
   * @throws {@link InvalidArgumentError} when this TestEtcd did not create the client.
   */
  hold(client?: Etcd): void {
    this.#setLineState('held', client)
  }

  /**
   * Ends {@link cut} and {@link hold}.
   *
   * @param client default: all clients, including future ones.
   * @throws {@link InvalidArgumentError} when this TestEtcd did not create the client.
   */
  heal(client?: Etcd): void {
    this.#setLineState('up', client)
  }

  /**
   * Ends the streams of a client with an error. The client can open new ones at once.
   *
   * @param client default: all clients.
   * @throws {@link InvalidArgumentError} when this TestEtcd did not create the client.
   */
  breakStreams(client?: Etcd): void {
    const error = new RpcError(Status.unavailable, 'the connection was reset')
    for (const line of this.#linesOf(client)) line.fail(error, { streamsOnly: true })
  }

  /**
   * Freezes etcd, like SIGSTOP or a frozen virtual host: it sends no answers and expires no leases
   * until {@link resume}. Then the leases whose TTL is over expire.
   */
  pause(): void {
    this.#host.pause()
  }

  /** Ends {@link pause}. */
  resume(): void {
    this.#host.resume()
    for (const line of this.#lines.values()) line.deliverHeld()
  }

  /**
   * Kills etcd, like SIGKILL: calls and streams in progress fail, and connections are refused until
   * {@link start}.
   */
  stop(): void {
    this.#host.stop()
    const error = new RpcError(Status.unavailable, 'the connection was reset: etcd has stopped')
    for (const line of this.#lines.values()) line.fail(error)
  }

  /**
   * Starts etcd after {@link stop}. Does nothing when etcd is not stopped.
   *
   * @throws {@link InvalidArgumentError} naming the first invalid option.
   */
  start(options: StartOptions = {}): void {
    const { store, firstRevision } = checkStartOptions(options)
    // Leaves a gap of one: a client that has seen the last revision and watches from the next one
    // finds it compacted, and reads everything again.
    const next = firstRevision ?? this.#host.member.store.revision + 2n
    this.#host.start(store === 'lost' ? next : undefined)
  }

  /**
   * Does {@link stop} and {@link start}, with no time in between.
   *
   * @throws {@link InvalidArgumentError} naming the first invalid option.
   */
  restart(options: StartOptions = {}): void {
    checkStartOptions(options)
    this.stop()
    this.start(options)
  }

  /** Resolves when everything has happened that can happen without time passing. */
  settled(): Promise<void> {
    return settled()
  }

  /**
   * Closes all clients and discards all data. Calls that still wait on the clients reject. May be
   * called more than once.
   */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#lines.keys()].map((etcd) => etcd.close()))
    this.#lines.clear()
    this.#host.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #addFault(where: Where, fault: Parameters<Faults<ClientLine>['add']>[1]): () => void {
    const { method, client, times } = resolveWhere(where)
    const line = client === undefined ? undefined : this.#linesOf(client)[0]
    return this.#faults.add({ method, client: line }, fault, times)
  }

  #setLineState(state: LineState, client: Etcd | undefined): void {
    if (client === undefined) this.#newLineState = state
    for (const line of this.#linesOf(client)) line.setState(state)
  }

  #linesOf(client: Etcd | undefined): readonly ClientLine[] {
    if (client === undefined) return [...this.#lines.values()]
    const line = this.#lines.get(client)
    if (line === undefined) {
      throw new InvalidArgumentError(
        'client',
        'expected a client that this TestEtcd created',
        client,
      )
    }
    return [line]
  }
}
