// Real etcd processes on loopback: one member or a cluster, with everything that can be done to them.
// It must not know what is tested.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './ports.js'
import { until } from './until.js'
import { binariesOf } from './versions.js'

export interface EtcdOptions {
  /** Default: Debian's. */
  readonly version?: string | undefined
  /** More flags for the server. */
  readonly args?: readonly string[]
  /** Serve clients with TLS; etcdctl gets the same CA, and the client certificate when there is one. */
  readonly tls?: ServerTls | undefined
  /** Also serve clients on a Unix socket, see {@link EtcdProcess.socket}. */
  readonly socket?: boolean
}

export interface ServerTls {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  /** The host that the certificate is for and etcdctl dials. Default: 127.0.0.1. */
  readonly host?: string
  /** Ask clients for a certificate of the same CA. */
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string }
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

const socketName = 'etcd:1'

/** What has to die with this process, whatever becomes of it. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
  }
})

export class EtcdProcess {
  readonly version: string
  readonly port: number
  /** Everything that it writes is in here. */
  readonly dir: string
  readonly #options: EtcdOptions
  readonly #flags: readonly string[]
  #child: ChildProcess | undefined

  constructor(
    version: string,
    port: number,
    dir: string,
    options: EtcdOptions,
    flags: readonly string[],
  ) {
    this.version = version
    this.port = port
    this.dir = dir
    this.#options = options
    this.#flags = flags
  }

  get endpoint(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(this.port)}`
  }

  /** etcd 3.4 takes `host:port` only, and makes of it a file of that name where it was started. */
  get socket(): string {
    return join(this.dir, socketName)
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('this etcd is not running')
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  launch(): void {
    const child = spawn(binariesOf(this.version).etcd, this.#flags, {
      cwd: this.dir,
      stdio: 'ignore',
    })
    this.#child = child
    alive.add(child)
    child.once('exit', () => {
      alive.delete(child)
      if (this.#child === child) this.#child = undefined
    })
    child.once('error', () => alive.delete(child))
  }

  /** Until it answers a linearizable read. */
  async ready(): Promise<void> {
    await until(
      async () => {
        if (this.#child === undefined) return 'dead'
        return (await this.etcdctl('endpoint', 'health', '--command-timeout=1s')).code === 0
      },
      { what: `etcd ${this.version} to be healthy`, timeoutMs: 30_000 },
    )
    if (this.#child === undefined) throw new Error(`etcd ${this.version} did not stay up`)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill(signal)
    await gone
  }

  /** Starts it again on the same port and data. */
  async restart({ wait = true } = {}): Promise<void> {
    await this.kill()
    this.launch()
    if (wait) await this.ready()
  }

  /** Hung: the kernel goes on taking connections and bytes, nobody answers. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** The real etcdctl of the same version, against this member. */
  etcdctl(...args: string[]): Promise<Output> {
    const { tls } = this.#options
    const secure =
      tls === undefined
        ? []
        : [
            `--cacert=${tls.caFile}`,
            ...(tls.clientCert === undefined
              ? []
              : [`--cert=${tls.clientCert.certFile}`, `--key=${tls.clientCert.keyFile}`]),
          ]
    const endpoint = this.endpoint.replace('127.0.0.1', tls?.host ?? '127.0.0.1')
    return run(binariesOf(this.version).etcdctl, [`--endpoints=${endpoint}`, ...secure, ...args])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** One member that answers. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdProcess> {
  const [member] = await launchMembers(1, options)
  if (member === undefined) throw new Error('no member was launched')
  await readyOrGone([member])
  return member
}

export class EtcdCluster {
  readonly members: readonly EtcdProcess[]

  constructor(members: readonly EtcdProcess[]) {
    this.members = members
  }

  get endpoints(): string[] {
    return this.members.map(({ endpoint }) => endpoint)
  }

  /** The member that leads etcd's own consensus now. */
  async leader(): Promise<EtcdProcess> {
    for (const member of this.members.filter(({ isRunning }) => isRunning)) {
      const { stdout, code } = await member.etcdctl('endpoint', 'status', '-w', 'fields')
      if (code !== 0) continue
      const id = /"MemberID" : (\d+)/.exec(stdout)?.[1]
      if (id !== undefined && id === /"Leader" : (\d+)/.exec(stdout)?.[1]) return member
    }
    throw new Error('no member leads')
  }

  async followers(): Promise<EtcdProcess[]> {
    const leader = await this.leader()
    return this.members.filter((member) => member !== leader)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()))
  }
}

/** A cluster that has a leader, all of whose members answer. */
export async function startCluster({
  size = 3,
  ...options
}: EtcdOptions & { size?: number } = {}): Promise<EtcdCluster> {
  const members = await launchMembers(size, options)
  await readyOrGone(members)
  return new EtcdCluster(members)
}

async function readyOrGone(members: readonly EtcdProcess[]): Promise<void> {
  try {
    await Promise.all(members.map((member) => member.ready()))
  } catch (error) {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()))
    throw error
  }
}

async function launchMembers(size: number, options: EtcdOptions): Promise<EtcdProcess[]> {
  const version = options.version ?? 'debian'
  const ports = await freePorts(2 * size)
  const peers = ports.slice(size).map((port) => `http://127.0.0.1:${String(port)}`)
  const members = ports.slice(0, size).map((port, index) => {
    const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-test-'))
    const scheme = options.tls === undefined ? 'http' : 'https'
    const client = `${scheme}://127.0.0.1:${String(port)}`
    const peer = peers[index] ?? ''
    const flags = [
      ...['--name', `m${String(index)}`, '--data-dir', join(dir, 'data')],
      ...[
        '--listen-client-urls',
        [client, ...(options.socket === true ? [`unix://${socketName}`] : [])].join(','),
      ],
      ...['--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      '--initial-cluster',
      peers.map((url, other) => `m${String(other)}=${url}`).join(','),
      ...tlsFlags(options.tls),
      ...(version === 'debian' ? [] : ['--unsafe-no-fsync']),
      ...(options.args ?? []),
    ]
    return new EtcdProcess(version, port, dir, options, flags)
  })
  for (const member of members) member.launch()
  return members
}

function tlsFlags(tls: ServerTls | undefined): string[] {
  if (tls === undefined) return []
  const own = ['--cert-file', tls.certFile, '--key-file', tls.keyFile]
  // To name an authority is to ask for certificates by it, whatever the other flag says.
  return tls.clientCert === undefined
    ? own
    : [...own, '--trusted-ca-file', tls.caFile, '--client-cert-auth']
}

/** Runs a program to its end; a failing exit code is a result, not an error. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Output> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...options.env, ETCDCTL_API: '3' }
    execFile(command, args, { ...options, env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ stdout, stderr, code })
    })
  })
}
