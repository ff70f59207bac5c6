// Starts the etcd to measure against: one member on loopback, its data in memory where there is a
// tmpfs.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export interface Server {
  readonly endpoint: string
  readonly pid: number | undefined
  /** What it was started with, in words. */
  readonly settings: readonly string[]
  readonly close: () => Promise<void>
}

/**
 * Finds the newest etcd that the tests have built (scripts/go-programs.mjs), or else the one on the
 * PATH.
 */
export function newestEtcd(): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'etcd-elect')
  const built = existsSync(cache)
    ? readdirSync(cache).filter((name) => /^etcd-[\d.]+$/.test(name))
    : []
  const paths = built
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(cache, name, 'etcd'))
  return paths.findLast((path) => existsSync(path)) ?? 'etcd'
}

/**
 * Starts the etcd at `path`. With `fsync` its data is on the disk, and it waits for writes.
 * Without, data is in memory, and it does not wait, as far as its version allows.
 */
export async function startEtcd({
  path,
  fsync,
}: {
  path: string
  fsync: boolean
}): Promise<Server> {
  const [clientPort, peerPort] = [await freePort(), await freePort()]
  const endpoint = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const inMemory = !fsync && existsSync('/dev/shm')
  const dir = mkdtempSync(join(inMemory ? '/dev/shm' : tmpdir(), 'etcd-elect-bench-'))
  const flags = {
    'data-dir': dir,
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
  }
  const noFsync = !fsync && knows(path, 'unsafe-no-fsync')
  const etcd = spawn(
    path,
    [
      ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
      ...(noFsync ? ['--unsafe-no-fsync'] : []),
    ],
    { stdio: 'ignore' },
  )
  const gone = once(etcd, 'exit')
  const close = async (): Promise<void> => {
    etcd.kill('SIGKILL')
    await gone
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await once(etcd, 'spawn')
    await ready(endpoint, etcd)
  } catch (error) {
    await close()
    throw error
  }
  return {
    endpoint,
    pid: etcd.pid,
    settings: [inMemory ? 'data on tmpfs' : 'data on disk', noFsync ? 'no fsync' : 'fsync'],
    close,
  }
}

/** What the server itself says. */
export async function versionOf(endpoint: string): Promise<string> {
  const response = await fetch(new URL('/version', endpoint))
  const { etcdserver } = (await response.json()) as { etcdserver: string }
  return etcdserver
}

function knows(path: string, flag: string): boolean {
  try {
    return execFileSync(path, ['--help'], { encoding: 'utf8', stdio: 'pipe' }).includes(`--${flag}`)
  } catch {
    throw new Error(`no etcd at '${path}': install it, name it with --etcd, or give --endpoints`)
  }
}

async function ready(endpoint: string, etcd: ChildProcess): Promise<void> {
  const isRunning = (): boolean => etcd.exitCode === null && etcd.signalCode === null
  const giveUpAt = performance.now() + 15_000
  while (isRunning() && performance.now() < giveUpAt) {
    const health = await fetch(new URL('/health', endpoint)).catch(() => undefined)
    if (health?.ok === true) return
    await pause(50)
  }
  throw new Error(
    isRunning() ? 'etcd did not become healthy within 15 s' : 'etcd ended at its start',
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
