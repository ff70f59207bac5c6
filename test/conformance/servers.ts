// temporary launcher until test/support lands
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Series = '3.4' | '3.5' | '3.6' | '3.7'

export interface RunningServer {
  readonly endpoint: string
  close(): Promise<void>
}

export interface ServerKind {
  readonly name: string
  start(flags?: readonly string[]): Promise<RunningServer>
}

async function port(): Promise<number> {
  return new Promise((resolve) => {
    const s = createServer()
    s.listen(0, '127.0.0.1', () => {
      const a = s.address()
      s.close(() => {
        resolve(typeof a === 'object' && a ? a.port : 0)
      })
    })
  })
}

async function startBinary(binary: string, flags: readonly string[] = []): Promise<RunningServer> {
  const dir = mkdtempSync(join(tmpdir(), 'conf-'))
  const c = await port(),
    p = await port()
  const child = spawn(
    binary,
    [
      '--data-dir',
      dir,
      '--listen-client-urls',
      `http://127.0.0.1:${c}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${c}`,
      '--listen-peer-urls',
      `http://127.0.0.1:${p}`,
      '--initial-advertise-peer-urls',
      `http://127.0.0.1:${p}`,
      '--initial-cluster',
      `default=http://127.0.0.1:${p}`,
      '--unsafe-no-fsync',
      ...flags,
    ].filter((f) => binary !== '/usr/bin/etcd' || f !== '--unsafe-no-fsync'),
    { stdio: 'ignore' },
  )
  for (;;) {
    try {
      const r = await fetch(`http://127.0.0.1:${c}/health`)
      if (r.ok) break
    } catch {}
    await new Promise((r) => setTimeout(r, 50))
  }
  return {
    endpoint: `http://127.0.0.1:${c}`,
    async close() {
      await new Promise((r) => {
        child.once('exit', r)
        child.kill('SIGKILL')
      })
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export function servers(): readonly ServerKind[] {
  return (process.env['BINS'] ?? '/usr/bin/etcd')
    .split(',')
    .map((binary) => ({ name: binary, start: (flags) => startBinary(binary, flags) }))
}
