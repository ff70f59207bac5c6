// `elect dev`: starts an etcd in memory, for development.

import { parseInteger } from '../option-values.js'
import { exitCodes } from '../definition/exit-codes.js'
import { CommandError } from '../errors.js'
import type { CommandSpec } from '../definition/command-spec.js'

interface DevFlags {
  readonly host?: string
  readonly port?: string
}

export const dev: CommandSpec = {
  name: 'dev',
  summary: 'start an etcd in memory, for development and tests',
  description: [
    'Starts a server that speaks the protocol of etcd and keeps everything in memory, prints a line that makes elect and etcdctl use it, and serves until SIGINT or SIGTERM comes. It is not for production: it has one member, and all data is gone when it ends.',
  ],
  args: [],
  options: [
    { flags: '--host <address>', description: 'address to listen on', byDefault: '127.0.0.1' },
    {
      flags: '--port <port>',
      description: 'port to listen on; 0 for any free one',
      byDefault: '2379',
    },
  ],
  connects: false,
  examples: [
    { command: 'elect dev', what: 'use the port of etcd' },
    {
      command: 'elect dev --port 0 -o json',
      what: 'use any free port, with output for a program',
    },
  ],
  exits: [],
  run: async ({ options, stop, terminal }) => {
    const { DevServer } = await import('../devserver.js')
    const { host = '127.0.0.1', port = '2379' } = options as DevFlags
    const settings = {
      host,
      port: parseInteger('--port', port, 0, 65_535),
      log: (line: string) => {
        terminal.note(line)
      },
    }
    const server = await DevServer.start(settings).catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined || code.startsWith('ELECT_')) throw error
      throw new CommandError(
        'usage',
        `cannot listen on ${host}:${port}: ${message}; name another with --port or --host`,
      )
    })
    const { endpoint } = server
    try {
      terminal.result(`export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${endpoint}`, { endpoint })
      await new Promise<void>((resolve) => {
        stop.addEventListener('abort', () => {
          resolve()
        })
      })
    } finally {
      await server.close()
    }
    return exitCodes.ok
  },
}
