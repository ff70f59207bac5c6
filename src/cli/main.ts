// What `elect` starts: reads the command line, runs the command, and turns whatever becomes of it into an exit code and
// at most one sentence. It must not know what any command does, and imports nothing that is slow to load.

import { readFileSync } from 'node:fs'
import { commands } from './commands/index.js'
import { exitCodes } from './definition/exit-codes.js'
import { SignalError } from './errors.js'
import { explain } from './explain.js'
import { checkArguments } from './check-arguments.js'
import { parseCommandLine } from './definition/parse-command-line.js'
import { Terminal } from './terminal/terminal.js'

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let terminal = new Terminal({ format: 'text', level: 'normal', env })
  try {
    checkArguments(argv)
    const request = parseCommandLine(commands, version(), argv)
    if (request.ask === 'show') {
      const text = request.text.trimEnd()
      if (!request.isMistake) terminal.out(text)
      else terminal.rawError(text)
      return request.isMistake ? exitCodes.usage : exitCodes.ok
    }
    const { spec, args, options } = request
    const { output, quiet, verbose } = options
    terminal = new Terminal({
      format: output === 'json' ? 'json' : 'text',
      level: quiet === true ? 'quiet' : verbose === true ? 'verbose' : 'normal',
      env,
    })
    const stop = new AbortController()
    for (const signal of stopping) {
      process.on(signal, () => {
        stop.abort(new SignalError(signal))
      })
    }
    return await spec.run({ args, options, env, commands, terminal, stop: stop.signal })
  } catch (error) {
    const { code, message } = explain(error)
    if (message !== undefined) terminal.error(message)
    if (code === exitCodes.internal) terminal.detail(String((error as Error).stack))
    return code
  } finally {
    terminal.clearStatusLine()
  }
}

/** Of the package that this is part of. */
function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return manifest.version
}

// Warnings of the library are for people; Node's form of them is for programmers.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  new Terminal({ format: 'text', level: 'normal', env: process.env }).note(
    `warning: ${warning.message}`,
  )
})
// All writes are done when they return, so nothing is lost by leaving at once.
process.exit(await main(process.argv.slice(2), process.env))
