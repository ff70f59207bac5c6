// The program `elect`: parses the command line, runs the command, and ends with its exit code.
// Imports nothing that is slow to load: commands load what they need.

import { readFileSync } from 'node:fs'
import { commands } from './commands/index.js'
import { exitCodes } from './definition/exit-codes.js'
import { SignalError } from './errors.js'
import { explain } from './explain.js'
import { checkArguments } from './check-arguments.js'
import { parseCommandLine } from './definition/parse-command-line.js'
import { Terminal } from './terminal/terminal.js'

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let terminal = new Terminal({ format: 'text', level: 'normal', env })
  try {
    checkArguments(argv)
    const request = parseCommandLine(commands, packageVersion(), argv)
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
    for (const signal of stopSignals) {
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

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return manifest.version
}

// Prints the library's warnings for users; Node.js would print them for programmers.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  new Terminal({ format: 'text', level: 'normal', env: process.env }).note(
    `warning: ${warning.message}`,
  )
})
// Terminal writes synchronously, so exiting at once loses no output.
process.exit(await main(process.argv.slice(2), process.env))
