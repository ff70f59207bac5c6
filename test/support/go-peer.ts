// Drives the Go program that takes part in elections with etcd's own package
// (test/etcd/interop/go).

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'
import { whyMissing } from './built.js'

const program = fileURLToPath(new URL('../../.cache/go-peer', import.meta.url))

/**
 * One line of the program's output. Revisions are decimal strings; leases are in hex, as in keys.
 */
export type Fact =
  | { readonly event: 'session'; readonly lease: string }
  | { readonly event: 'session-over' }
  | ({ readonly event: 'elected' } & Leader)
  | ({ readonly event: 'leader' } & Leader)
  | { readonly event: 'proclaimed'; readonly value: string }
  | { readonly event: 'resigned' }
  | { readonly event: 'error'; readonly command: string; readonly error: string }
  | { readonly event: 'end' }

export interface Leader {
  readonly key: string
  readonly revision: string
  readonly value: string
}

export type FactOf<Event extends Fact['event']> = Extract<Fact, { readonly event: Event }>

export interface GoPeerOptions {
  readonly endpoints: string | readonly string[]
  /** The TTL of the session's lease, in seconds. */
  readonly ttl?: number
  readonly user?: string
}

export class GoPeer {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #facts: AsyncIterator<string>
  #complaint = ''

  private constructor({ endpoints, ttl = 5, user = '' }: GoPeerOptions, args: readonly string[]) {
    const flags = [`-endpoints=${[endpoints].flat().join(',')}`, `-ttl=${String(ttl)}`]
    this.#child = spawn(program, [...flags, `-user=${user}`, ...args])
    this.#child.stderr.on('data', (bytes) => (this.#complaint += String(bytes)))
    // It may end, or be killed, before it has read all commands.
    this.#child.stdin.on('error', () => undefined)
    this.#facts = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  static campaign(options: GoPeerOptions, election: string, value: string): GoPeer {
    return new GoPeer(options, ['campaign', election, value])
  }

  static observe(options: GoPeerOptions, election: string): GoPeer {
    return new GoPeer(options, ['observe', election])
  }

  /** Returns the leader according to Go; rejects with Go's error when there is none. */
  static async leader(options: GoPeerOptions, election: string): Promise<FactOf<'leader'>> {
    await using peer = new GoPeer(options, ['leader', election])
    return await peer.next('leader')
  }

  send(command: 'resign' | 'cancel' | `campaign ${string}` | `proclaim ${string}`): void {
    this.#child.stdin.write(`${command}\n`)
  }

  /** Reads the next fact, and rejects when it is another one than this. */
  async next<Event extends Fact['event']>(event: Event): Promise<FactOf<Event>> {
    const line = await this.#facts.next()
    if (line.done === true) throw new Error(`expected ${event}, the peer ended: ${this.#complaint}`)
    const fact = JSON.parse(line.value) as Fact
    if (fact.event !== event) throw new Error(`expected ${event}, the peer reported ${line.value}`)
    return fact as FactOf<Event>
  }

  /** Kills it, so that its lease has to expire. */
  async kill(): Promise<void> {
    await this.#end(() => this.#child.kill('SIGKILL'))
  }

  /** Ends it in good order, so that it revokes its lease. */
  async close(): Promise<void> {
    await this.#end(() => this.#child.stdin.end())
  }

  async #end(how: () => void): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    how()
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

/**
 * Runs a suite that needs the Go program; skips it, with the reason, when the program is missing.
 */
export function describeGo(name: string, suite: () => void): void {
  const reason = whyMissing(program)
  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name}: ${reason}`, suite)
}
