// A network for the members of etcd: a namespace for each, and a bridge between them and this
// process.

import type { Host } from '../../support/etcd.js'
import { run } from '../../support/command.js'

/** An address that no host has: packets to it are lost silently. */
const nobody = '02:00:00:00:00:01'
const subnet = '10.99.0'

/** Whether this process may make namespaces, in a network of its own (start.ts starts it so). */
export function mayMakeNamespaces(): boolean {
  return process.env['FAULTS_NAMESPACES'] === '1'
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await run('ip', args)
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

let made = 0

export class Network {
  readonly hosts: readonly Host[]
  readonly #names: readonly string[]
  readonly #bridge: string
  readonly #cuts = new Map<string, () => Promise<void>>()

  private constructor(names: readonly string[], bridge: string) {
    this.#names = names
    this.#bridge = bridge
    this.hosts = names.map((name, index) => ({
      address: addressOf(index),
      enter: ['ip', 'netns', 'exec', name],
    }))
  }

  static async make(size: number): Promise<Network> {
    made += 1
    const id = String(made)
    const names = Array.from({ length: size }, (_, index) => `n${id}m${String(index)}`)
    const network = new Network(names, `hub${id}`)
    const bridge = network.#bridge
    await ip('link', 'set', 'lo', 'up')
    await ip('link', 'add', bridge, 'type', 'bridge')
    await ip('address', 'add', `${subnet}.254/24`, 'dev', bridge)
    await ip('link', 'set', bridge, 'up')
    for (const [index, name] of names.entries()) {
      const plug = `p${name}`
      await ip('netns', 'add', name)
      await ip('link', 'add', plug, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      await ip('link', 'set', plug, 'master', bridge, 'up')
      await ip('-n', name, 'link', 'set', 'lo', 'up')
      await ip('-n', name, 'address', 'add', `${addressOf(index)}/24`, 'dev', 'eth0')
      await ip('-n', name, 'link', 'set', 'eth0', 'up')
    }
    return network
  }

  /** Cuts two members off from each other, in both directions. */
  async cut(one: number, other: number): Promise<void> {
    await Promise.all([this.cutOneWay(one, other), this.cutOneWay(other, one)])
  }

  async cutOneWay(from: number, to: number): Promise<void> {
    const entry = [addressOf(to), 'dev', 'eth0']
    const name = this.#names[from] ?? ''
    await ip('-n', name, 'neigh', 'replace', ...entry, 'lladdr', nobody, 'nud', 'permanent')
    this.#cuts.set(`${name} ${addressOf(to)}`, () => ip('-n', name, 'neigh', 'del', ...entry))
  }

  /** Cuts a member off from all others; clients still reach it. */
  async isolate(member: number): Promise<void> {
    const others = [...this.#names.keys()].filter((index) => index !== member)
    await Promise.all(others.map((other) => this.cut(member, other)))
  }

  async heal(): Promise<void> {
    const cuts = [...this.#cuts.values()]
    this.#cuts.clear()
    await Promise.all(cuts.map((undo) => undo()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) await ip('netns', 'del', name)
    await ip('link', 'del', this.#bridge)
  }
}

function addressOf(index: number): string {
  return `${subnet}.${String(index + 1)}`
}
