// `elect run` with a way to etcd of its own, which can go dead silently.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { root } from '../root.js'

const elect = join(root, 'dist', 'cli', 'elect.js')
const program = 'setInterval(() => undefined, 1000)'

interface Task {
  readonly election: string
  readonly name: string
  readonly ttl: number
  readonly endpoint: string
}

interface Way {
  readonly endpoint: string
  readonly cut: () => void
  readonly close: () => void
}

async function wayTo(endpoint: string): Promise<Way> {
  const { port } = new URL(endpoint)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1')
    const join = (from: Socket, to: Socket): void => {
      sockets.add(from)
      from.on('data', (bytes) => isCut || to.write(bytes))
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
    join(near, far)
    join(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

export class ElectRun {
  readonly #child: ChildProcess
  readonly #way: Way
  readonly #gone: Promise<unknown>

  static async start({ election, name, ttl, endpoint }: Task): Promise<ElectRun> {
    const way = await wayTo(endpoint)
    const flags = ['--ttl', String(ttl), '--name', name, '--endpoints', way.endpoint, '--quiet']
    const command = [process.execPath, '-e', program]
    const args = ['run', election, '--forever', ...flags, '--', ...command]
    return new ElectRun(spawn(elect, args, { stdio: 'ignore', detached: true }), way)
  }

  private constructor(child: ChildProcess, way: Way) {
    this.#child = child
    this.#way = way
    this.#gone = once(child, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** From etcd. */
  cut(): void {
    this.#way.cut()
  }

  async end(): Promise<void> {
    this.signal('SIGCONT')
    this.signal('SIGKILL')
    await this.#gone
    this.#way.close()
  }
}
