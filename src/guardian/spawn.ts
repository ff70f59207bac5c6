// Starts the process of a guardian, and says where none can be. It must not know what the guardian is told.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { parse } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { encodeLine, lineReader, type GuardianOrder, type GuardianReport } from './protocol.js'

/** A process that runs, or is about to. */
export interface GuardianProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  tell(order: GuardianOrder): void
  /** It has nothing to do any more: it ends without revoking what it was told to release. */
  dismiss(): void
}

export interface GuardianProcessListener {
  report(report: GuardianReport): void
  /** Called once, unless it was dismissed. */
  gone(reason: string): void
}

type Child = ChildProcessByStdio<Writable, Readable, null>

export type StartGuardian = (listener: GuardianProcessListener) => GuardianProcess

/** A guardian that does not read is of no use, and what it is told must not pile up here. */
const mostUnread = 2 ** 20

const program = fileURLToPath(new URL('./program/guardian.js', import.meta.url))

/** What the program needs of the environment: how Node.js finds its libraries and certificates, and nothing that is secret. */
const environment = [
  ...['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'DYLD_FALLBACK_LIBRARY_PATH'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF'],
  ...['SystemRoot', 'windir'],
]

/** Why no guardian can be started by this process; undefined when one can. */
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

export const startGuardian: StartGuardian = (listener) => {
  let child: Child
  try {
    child = spawn(process.execPath, ['--v8-pool-size=0', ...certificateFlags(), program], {
      // A session and a process group of its own: what is aimed at ours, at the terminal or by kill, does not reach it.
      detached: true,
      // It must keep nothing of ours open, or whoever waits for our output to end waits for the guardian too.
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: parse(process.execPath).root,
      env: Object.fromEntries(environment.map((name) => [name, process.env[name]])),
      windowsHide: true,
    })
  } catch (error) {
    queueMicrotask(() => {
      listener.gone(String(error))
    })
    return { pid: undefined, tell: () => undefined, dismiss: () => undefined }
  }
  return attend(child, listener)
}

function attend(child: Child, listener: GuardianProcessListener): GuardianProcess {
  // When the system has no descriptors left there are no pipes, whatever the types say; 'error' follows.
  const { stdin, stdout } = child as { stdin: Writable | undefined; stdout: Readable | undefined }
  let over = false
  const gone = (reason: string): void => {
    if (over) return
    over = true
    listener.gone(reason)
  }
  child.once('error', (error) => {
    gone(error.message)
  })
  child.once('exit', (code, signal) => {
    gone(signal === null ? `it ended with ${String(code)}` : `it was ended by ${signal}`)
  })
  // What cannot be written is told by 'exit'.
  stdin?.on('error', () => undefined)
  stdout?.on('error', () => undefined)
  stdout?.setEncoding('utf8').on(
    'data',
    lineReader((line) => {
      if (!over) listener.report(JSON.parse(line) as GuardianReport)
    }),
  )
  // Nobody stays alive for the sake of its guardian.
  child.unref()
  for (const stream of [stdin, stdout]) (stream as Partial<Socket> | undefined)?.unref?.()
  return {
    pid: child.pid,
    tell(order) {
      if (over || stdin === undefined) return
      stdin.write(encodeLine(order))
      if (stdin.writableLength > mostUnread) child.kill('SIGKILL')
    },
    dismiss() {
      over = true
      stdin?.end()
    },
  }
}

/** What decides which certificates this process trusts decides it for the guardian too. */
function certificateFlags(): string[] {
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  return flags.filter((flag) => /^--(use-(openssl|bundled|system)-ca$|tls-[\w.-]+(=|$))/.test(flag))
}
