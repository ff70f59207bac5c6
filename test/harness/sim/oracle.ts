// Judges a schedule while it runs: it sees all processes and the store at every instant. It shares
// no code with the library's decisions, and asks the library only what a user could ask.

import type { Leadership } from '../../../src/index.js'
import type { DevMember } from '../../../src/devserver/member.js'
import { keyText, withPrefix } from '../../../src/devserver/store/interval.js'
import { election, type Service } from './service.js'

export type Rule =
  | 'two leaders at once'
  | 'elected without a valid lease'
  | 'elected without being the first'
  | 'token did not grow'
  | 'told twice'
  | 'ended without a signal'
  | 'ended and valid'
  | 'never told the end'
  | 'believed for longer than a TTL'
  | 'not told that its key is gone'
  | 'did not join again'
  | 'not healed'
  | 'never settled'
  | 'key left behind'
  | 'observer went back'
  | 'storm'
  | 'strange error'
  | 'unhandled rejection'

export interface Violation {
  readonly atMs: number
  readonly rule: Rule
  readonly what: string
}

export interface Term {
  readonly service: Service
  readonly leadership: Leadership
  ended: boolean
}

export class Oracle {
  readonly violations: Violation[] = []
  readonly terms: Term[] = []
  /** Excused overlaps: how many, and the longest in milliseconds. */
  readonly excused = { count: 0, longestMs: 0 }
  readonly #member: () => DevMember
  readonly #nowMs: () => number
  readonly #lockDelay: boolean
  /** The tokens whose key or lease was taken away by hand, or by etcd against its promise. */
  readonly #tamperedWith = new Set<bigint>()
  readonly #overlapping = new Map<string, number>()
  #greatest = 0n

  constructor(member: () => DevMember, nowMs: () => number, lockDelay: boolean) {
    this.#member = member
    this.#nowMs = nowMs
    this.#lockDelay = lockDelay
  }

  /** The candidacies in etcd, oldest first. */
  candidacies(): { readonly key: string; readonly token: bigint; readonly lease: bigint }[] {
    return [...this.#member().store.range(withPrefix(`${election}/`))]
      .map(({ key, createRevision, lease }) => ({
        key: keyText(key),
        token: createRevision,
        lease,
      }))
      .sort((a, b) => (a.token < b.token ? -1 : 1))
  }

  tampersWith(token: bigint): void {
    this.#tamperedWith.add(token)
  }

  elected(service: Service, leadership: Leadership): void {
    this.terms.push({ service, leadership, ended: false })
    const { fencingToken: token, term } = leadership
    if (!leadership.isValid()) {
      if (!leadership.signal.aborted) this.wrong('elected without a valid lease', term)
      return
    }
    const [first] = this.candidacies()
    const who = `${service.process.name} with ${term} (${String(token)})`
    if (!this.#tamperedWith.has(token) && first?.token !== token) {
      this.wrong(
        'elected without being the first',
        `${who}, the first is ${first?.key ?? 'nobody'}`,
      )
    }
    if (!this.#isExcused(token) && token <= this.#greatest) {
      this.wrong('token did not grow', `${who} after ${String(this.#greatest)}`)
    }
    if (token > this.#greatest) this.#greatest = token
  }

  ended(leadership: Leadership): void {
    const term = this.terms.find((one) => one.leadership === leadership)
    if (term === undefined || term.ended) this.wrong('told twice', leadership.term)
    else term.ended = true
    if (!leadership.signal.aborted) this.wrong('ended without a signal', leadership.term)
    if (leadership.isValid()) this.wrong('ended and valid', leadership.term)
  }

  /** Looks for two leaders at once. Called at every instant at which something has happened. */
  look(): void {
    const valid = this.valid()
    if (valid.length < 2) return
    const [older, ...newer] = valid.sort((a, b) =>
      a.leadership.fencingToken < b.leadership.fencingToken ? -1 : 1,
    )
    if (older === undefined) return
    const names = valid.map(
      ({ service, leadership }) =>
        `${service.process.name} (${leadership.term}, token ${String(leadership.fencingToken)})`,
    )
    const id = names.join(' and ')
    if (this.#isExcused(older.leadership.fencingToken)) {
      const sinceMs = this.#overlapping.get(id) ?? this.#nowMs()
      if (!this.#overlapping.has(id)) this.excused.count += 1
      this.#overlapping.set(id, sinceMs)
      const ms = this.#nowMs() - sinceMs
      this.excused.longestMs = Math.max(this.excused.longestMs, ms)
      // No renewal counts after the key is gone, whatever took it away.
      const bound = older.service.character.ttl * 1_000
      if (ms > bound && ms - bound < 1_000) this.wrong('believed for longer than a TTL', id)
    } else if (!this.#overlapping.has(id)) {
      this.#overlapping.set(id, this.#nowMs())
      this.wrong('two leaders at once', `${id}, newer: ${String(newer.length)}`)
    }
  }

  /**
   * The terms in which a leader believes that it leads. A process that does not run believes
   * nothing.
   */
  valid(): Term[] {
    return this.terms.filter(
      ({ ended, service, leadership }) =>
        !ended && service.process.isRunning && leadership.isValid(),
    )
  }

  wrong(rule: Rule, what: string): void {
    this.violations.push({ atMs: this.#nowMs(), rule, what })
  }

  /** With `lockDelay` no overlap is excused, whatever etcd or an operator does. */
  #isExcused(token: bigint): boolean {
    return !this.#lockDelay && this.#tamperedWith.has(token)
  }
}
