// Starts the process of a guardian, and says why it cannot where that is impossible.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { parse } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ClosableListener, type Companion, type SpawnCompanion } from '../base/companion.js'
import { encodeLine, lineReader, type GuardianOrder, type GuardianReport } from './protocol.js'

export interface GuardianProcess extends Companion<GuardianOrder> {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined
  /** Lets the guardian end. It revokes what it was not told to release. */
  stop(): void
}

export type SpawnGuardian = SpawnCompanion<GuardianProcess, GuardianReport>

type Child = ChildProcessByStdio<Writable, Readable, null>

/** A guardian that does not read is of no use, and its orders must not pile up here. */
const maxUnreadBytes = 2 ** 20

const program = fileURLToPath(new URL('./program/guardian.js', import.meta.url))

/** What Node.js needs to find its libraries and certificates. Nothing here is secret. */
const environment = [
  ...['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'DYLD_FALLBACK_LIBRARY_PATH'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF'],
  ...['SystemRoot', 'windir'],
]

/** Why this process cannot start a guardian; undefined when it can. */
export function whyNoGuardianProcess(): string | undefined {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission?.has('child') === false) {
    return 'Node.js’s permission model lets this process start no other (--allow-child-process)'
  }
  if (process.versions['electron'] !== undefined)
    return 'Electron starts itself in place of Node.js'
  if (!existsSync(program)) {
    return 'the program of the guardian is not beside the library: leave etcd-elect out of the bundle'
  }
  return undefined
}

export const spawnGuardian: SpawnGuardian = (listener) => {
  const closable = new ClosableListener(listener)
  let child: Child
  try {
    child = spawn(process.execPath, ['--v8-pool-size=0', ...certificateFlags(), program], {
      // A session and a process group of its own, so that signals to the parent's group or
      // terminal do not reach the guardian.
      detached: true,
      // The guardian must hold none of the parent's descriptors open: a reader of the parent's
      // output would wait for the guardian too.
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: parse(process.execPath).root,
      env: Object.fromEntries(environment.map((name) => [name, process.env[name]])),
      windowsHide: true,
    })
  } catch (error) {
    queueMicrotask(() => {
      closable.ended(String(error))
    })
    return {
      pid: undefined,
      send: () => undefined,
      stop: () => {
        closable.close()
      },
    }
  }
  return connect(child, closable)
}

function connect(child: Child, listener: ClosableListener<GuardianReport>): GuardianProcess {
  // When the system has no descriptors left there are no pipes, whatever the types say; 'error'
  // follows.
  const { stdin, stdout } = child as { stdin: Writable | undefined; stdout: Readable | undefined }
  child.once('error', (error) => {
    listener.ended(error.message)
  })
  child.once('exit', (code, signal) => {
    listener.ended(signal === null ? `it ended with ${String(code)}` : `it was ended by ${signal}`)
  })
  // When the guardian cannot be written to, 'exit' tells.
  stdin?.on('error', () => undefined)
  stdout?.on('error', () => undefined)
  stdout?.setEncoding('utf8').on(
    'data',
    lineReader((line) => {
      if (!listener.isClosed) listener.report(JSON.parse(line) as GuardianReport)
    }),
  )
  // The parent does not stay alive for its guardian.
  child.unref()
  for (const stream of [stdin, stdout]) (stream as Partial<Socket> | undefined)?.unref?.()
  return {
    pid: child.pid,
    send(order) {
      if (listener.isClosed || stdin === undefined) return
      stdin.write(encodeLine(order))
      if (stdin.writableLength > maxUnreadBytes) child.kill('SIGKILL')
    },
    stop() {
      listener.close()
      stdin?.end()
    },
  }
}

/** The guardian trusts the same certificates as this process. */
function certificateFlags(): string[] {
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  return flags.filter((flag) => /^--(use-(openssl|bundled|system)-ca$|tls-[\w.-]+(=|$))/.test(flag))
}
