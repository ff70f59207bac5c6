// Starts the process of the keeper, which runs the command of `elect run`.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Companion, CompanionListener } from '../../library.js'
import type { KeeperOrder, KeeperReport } from './protocol.js'

export interface KeeperProcess extends Companion<KeeperOrder> {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined
  /** @param onSent called when the order is on its way, or cannot be sent. */
  send(order: KeeperOrder, onSent?: () => void): void
  /** Lets the keeper end. It kills what it still runs. */
  stop(): void
}

/** @param listener may still get reports after `ended`: those that were on their way. */
export function spawnKeeper(listener: CompanionListener<KeeperReport>): KeeperProcess {
  const program = fileURLToPath(new URL('./program/keeper.js', import.meta.url))
  // NODE_OPTIONS is meant for the command: two processes cannot be inspected on one port.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([variable]) => variable !== 'NODE_OPTIONS'),
  )
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
  })
  child.on('message', (report: KeeperReport) => {
    listener.report(report)
  })
  child.once('error', (error) => {
    listener.ended(`could not be started (${error.message})`)
  })
  child.once('exit', (code, signal) => {
    listener.ended(`ended with ${signal ?? String(code)}`)
  })
  return {
    pid: child.pid,
    send(order, onSent) {
      if (child.connected) child.send(order, () => onSent?.())
      else onSent?.()
    },
    stop() {
      child.removeAllListeners('exit')
      if (child.connected) child.disconnect()
      child.unref()
    },
  }
}
