// Starts real etcd processes on loopback, one member or a cluster, and kills, pauses or restarts
// them. None outlives the process that started it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Output, run } from './command.js'
import { Guardian } from './guardian.js'
import { freePorts } from './ports.js'
import { until } from './until.js'
import { binariesOf } from './versions.js'

export interface EtcdOptions {
  /** Default: Debian's. */
  readonly version?: string | undefined
  /** More flags for the server. */
  readonly args?: readonly string[]
  /** More environment for the server. */
  readonly env?: NodeJS.ProcessEnv
  /** Where each member runs. Default: on this host, on loopback. */
  readonly hosts?: readonly Host[] | undefined
  /** The port on which the first member serves clients. Default: any free port. */
  readonly port?: number
  /**
   * Serve clients with TLS; etcdctl gets the same CA, and the client certificate when there is one.
   */
  readonly tls?: ServerTls | undefined
  /** Also serve clients on a Unix socket, see {@link EtcdProcess.socket}. */
  readonly socket?: boolean
}

/** A place to run a member in, such as a network namespace. */
export interface Host {
  readonly address: string
  /** The command, with its arguments, that runs another command there. Default: none. */
  readonly enter?: readonly string[]
}

const here: Host = { address: '127.0.0.1' }

export interface ServerTls {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  /** The host that the certificate is for and etcdctl dials. Default: 127.0.0.1. */
  readonly host?: string
  /** Ask clients for a certificate of the same CA. */
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string }
}

const socketName = 'etcd:1'

export class EtcdProcess {
  readonly version: string
  readonly port: number
  readonly host: Host
  /** The folder that holds everything that it writes. */
  readonly dir: string
  readonly #options: EtcdOptions
  readonly #flags: readonly string[]
  readonly #guardian: Guardian
  #child: ChildProcess | undefined

  constructor(
    version: string,
    port: number,
    dir: string,
    options: EtcdOptions,
    flags: readonly string[],
    host: Host,
  ) {
    this.host = host
    this.version = version
    this.port = port
    this.dir = dir
    this.#options = options
    this.#flags = flags
    this.#guardian = new Guardian(dir)
  }

  get endpoint(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.host.address}:${String(this.port)}`
  }

  /** etcd 3.4 takes `host:port` only, and makes a file of that name in its working directory. */
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
    const log = openSync(this.#log, 'a')
    const [command, ...args] = [...(this.host.enter ?? []), binariesOf(this.version).etcd]
    const child = spawn(command, [...args, ...this.#flags], {
      cwd: this.dir,
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    this.#guardian.watch(child.pid)
    const gone = (): void => {
      this.#child = undefined
      this.#guardian.watch(undefined)
    }
    child.once('exit', gone)
    child.once('error', gone)
  }

  get #log(): string {
    return join(this.dir, 'log')
  }

  /** Resolves when it answers a linearizable read. */
  async ready(): Promise<void> {
    await until(
      async () => {
        if (!this.isRunning) return true
        const { code, stderr } = await this.etcdctl('endpoint', 'health', '--command-timeout=1s')
        // With authentication on, this answer shows that it is up.
        return code === 0 || stderr.includes('user name is empty')
      },
      { what: `etcd ${this.version} to be healthy`, timeoutMs: 30_000 },
    )
    if (this.isRunning) return
    const lastWords = readFileSync(this.#log, 'utf8').trim().split('\n').slice(-3).join('\n')
    throw new Error(`etcd ${this.version} ended instead of serving:\n${lastWords}`)
  }

  /** Ends it in good order: etcd hands its own leadership over, and ends streams. */
  stop(): Promise<void> {
    return this.kill('SIGTERM')
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill(signal)
    await gone
  }

  /** Starts it again on the same port. With `wipe` it has lost its data: revisions begin at 1. */
  async restart({ wait = true, wipe = false } = {}): Promise<void> {
    await this.kill()
    if (wipe) rmSync(join(this.dir, 'data'), { recursive: true, force: true })
    this.launch()
    if (wait) await this.ready()
  }

  /**
   * Hangs it: the kernel goes on taking connections and bytes, but etcd answers nothing.
   *
   * Resolves when every thread has stopped. kill(2) returns before that: of 200 requests sent right
   * after it, etcd 3.4.23 answered 54 on an idle computer, and 156 on a busy one.
   */
  async pause(): Promise<void> {
    const { pid } = this
    process.kill(pid, 'SIGSTOP')
    await until(() => !this.isRunning || isStopped(pid), { what: 'all threads of etcd to stop' })
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
    // When a flag is given twice, the last one counts.
    const flags = [`--endpoints=${endpoint}`, '--command-timeout=20s', ...secure]
    return run(binariesOf(this.version).etcdctl, [...flags, ...args], {
      env: { ETCDCTL_API: '3' },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#guardian[Symbol.asyncDispose]()
  }
}

/** Whether the kernel has stopped every thread of a process (proc_pid_stat(5): T or t). */
function isStopped(pid: number): boolean {
  const tasks = `/proc/${String(pid)}/task`
  return readdirSync(tasks).every((task) => {
    const stat = readFileSync(join(tasks, task, 'stat'), 'utf8')
    return /^ [Tt] /.test(stat.slice(stat.lastIndexOf(')') + 1))
  })
}

/** Starts one member, and resolves when it answers. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdProcess> {
  const [member] = await startMembers(1, options)
  if (member === undefined) throw new Error('no member was launched')
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

  /** Resolves with the member that leads etcd's own consensus, once there is one. */
  async leader(): Promise<EtcdProcess> {
    const found: EtcdProcess[] = []
    await until(
      async () => {
        for (const member of this.members.filter(({ isRunning }) => isRunning)) {
          const status = await statusOf(member)
          if (status !== undefined && status.id === status.leader) return found.push(member)
        }
        return false
      },
      { what: 'a member to lead' },
    )
    const [leader] = found
    if (leader === undefined) throw new Error('no member leads')
    return leader
  }

  /** Hands etcd's own leadership over to another member, and resolves with it. */
  async moveLeader(): Promise<EtcdProcess> {
    const before = await this.leader()
    let leader = before
    await until(
      async () => {
        leader = await this.leader()
        if (leader !== before) return true
        await this.#handOver(before)
        return false
      },
      { what: 'another member to lead' },
    )
    return leader
  }

  async #handOver(leader: EtcdProcess): Promise<void> {
    const next = this.members.find((member) => member !== leader && member.isRunning)
    const status = next && (await statusOf(next))
    if (status === undefined) throw new Error('no other member could lead')
    const { code, stderr } = await leader.etcdctl('move-leader', status.id.toString(16))
    if (code !== 0) throw new Error(`etcdctl move-leader: ${stderr}`)
  }

  async followers(): Promise<EtcdProcess[]> {
    const leader = await this.leader()
    return this.members.filter((member) => member !== leader)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()))
  }
}

/** Starts a cluster, and resolves when all of its members answer. */
export async function startCluster({
  size = 3,
  ...options
}: EtcdOptions & { size?: number } = {}): Promise<EtcdCluster> {
  return new EtcdCluster(await startMembers(size, options))
}

async function statusOf(member: EtcdProcess): Promise<{ id: bigint; leader: bigint } | undefined> {
  const { stdout } = await member.etcdctl(
    ...['endpoint', 'status', '-w', 'fields', '--command-timeout=5s'],
  )
  const id = /"MemberID" : (\d+)/.exec(stdout)?.[1]
  const leader = /"Leader" : (\d+)/.exec(stdout)?.[1]
  return id === undefined || leader === undefined
    ? undefined
    : { id: BigInt(id), leader: BigInt(leader) }
}

/** Tries other ports when another process takes one before etcd listens on it. */
async function startMembers(size: number, options: EtcdOptions): Promise<EtcdProcess[]> {
  for (let attempt = 1; ; attempt++) {
    const members = await launchMembers(size, options)
    try {
      await Promise.all(members.map((member) => member.ready()))
      return members
    } catch (error) {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()))
      const taken = String(error).includes('address already in use')
      if (!taken || options.port !== undefined || attempt === 3) throw error
    }
  }
}

async function launchMembers(size: number, options: EtcdOptions): Promise<EtcdProcess[]> {
  const version = options.version ?? 'debian'
  const ports = await freePorts(2 * size)
  const hostOf = (index: number): Host => options.hosts?.[index] ?? here
  const peers = ports
    .slice(size)
    .map((port, index) => `http://${hostOf(index).address}:${String(port)}`)
  const clients = ports.slice(0, size)
  if (options.port !== undefined) clients[0] = options.port
  const members = clients.map((port, index) => {
    const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-test-'))
    const scheme = options.tls === undefined ? 'http' : 'https'
    const client = `${scheme}://${hostOf(index).address}:${String(port)}`
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
    return new EtcdProcess(version, port, dir, options, flags, hostOf(index))
  })
  for (const member of members) member.launch()
  return members
}

function tlsFlags(tls: ServerTls | undefined): string[] {
  if (tls === undefined) return []
  const own = ['--cert-file', tls.certFile, '--key-file', tls.keyFile]
  // With --trusted-ca-file etcd asks for client certificates, with or without --client-cert-auth.
  return tls.clientCert === undefined
    ? own
    : [...own, '--trusted-ca-file', tls.caFile, '--client-cert-auth']
}
