// Checks that every elected candidate had a key, in the right order, and was told the end of its
// term.

import { type Entry, of } from '../history.js'
import { type Belief, causesOf } from './beliefs.js'
import type { Expectation, Report } from './verdict.js'

/**
 * Compares what etcd answered with what candidates wrote down. It trusts no clock beyond the order
 * of two events.
 */
export function checkKeys(
  history: readonly Entry[],
  beliefs: readonly Belief[],
  ttlMs: number,
  report: Report,
): void {
  const seen = of(history, 'keys')
  const first = new Map<string, Belief>()
  for (const belief of beliefs) {
    const id = `${belief.who} ${String(belief.token)}`
    if (!first.has(id)) first.set(id, belief)
  }
  for (const { who, token, from } of first.values()) {
    // Read after the belief began. An older key in it was there when the belief began.
    const later = seen.find(({ at }) => at >= from)
    const older = later?.keys.find(({ create }) => BigInt(create) < token)
    if (older !== undefined) {
      const what = `${who} with token ${String(token)}, and ${older.key} is from ${older.create}`
      report('led while an older key was there', from, what)
    }
    // Answered before the belief began: its key was gone for good by then.
    const before = seen.findLast(({ to }) => to <= from)
    const knows = before !== undefined && BigInt(before.revision) >= token
    if (!knows || before.keys.some(({ create }) => create === String(token))) continue
    // A key that is taken away while the news is held up may look as if it were still there.
    const { etcd, hindered } = causesOf(history, token, from, ttlMs)
    if (!etcd && !hindered) {
      report('told "elected" with a dead key', from, `${who} with token ${String(token)}`)
    }
  }
}

export function checkTokens(beliefs: readonly Belief[], report: Report): void {
  const known = new Map<bigint, string>()
  let greatest = 0n
  for (const { from, who, token } of beliefs) {
    const holder = known.get(token)
    if (holder !== undefined) {
      if (holder !== who) {
        const what = `${who} leads with token ${String(token)}, as ${holder} did`
        report('token not greater than its predecessor’s', from, what)
      }
      continue
    }
    known.set(token, who)
    if (token < greatest) {
      const what = `${who} began to lead with ${String(token)} after ${String(greatest)}`
      report('token not greater than its predecessor’s', from, what)
    }
    if (token > greatest) greatest = token
  }
}

/** Every loss is reported once; every call settles, and no error is lost. */
export function checkTellings(
  history: readonly Entry[],
  { closed }: Expectation,
  report: Report,
): void {
  const told = new Map<string, number>()
  for (const { who, token, at } of of(history, 'ended')) {
    const id = `${who} ${token}`
    const times = (told.get(id) ?? 0) + 1
    told.set(id, times)
    if (times === 2) report('loss told twice', at, `${who}, token ${token}`)
  }
  for (const { who, token, at } of of(history, 'elected')) {
    if (!closed.includes(who) || told.has(`${who} ${token}`)) continue
    report('loss never told', at, `${who}, token ${token}`)
  }
  const settled = new Set(of(history, 'closed').map(({ who }) => who))
  for (const who of closed) {
    if (settled.has(who)) continue
    report('never settled', history.at(-1)?.at ?? 0, `${who} was asked to close and did not`)
  }
  for (const { who, at, call, error } of of(history, 'failed')) {
    report('gave up', at, `${call}() of ${who}: ${error}`)
  }
  for (const { who, at, error } of of(history, 'unhandled')) {
    report('unhandled rejection', at, `${who}: ${error}`)
  }
}
