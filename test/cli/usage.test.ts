// The help of each command, and the command lines that elect refuses. It refuses them before it
// sends anything, so these tests need no etcd.

import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.js'
import { exitCodes } from '../../src/cli/definition/exit-codes.js'
import { explain } from '../../src/cli/explain.js'
import { parseCommandLine } from '../../src/cli/definition/parse-command-line.js'
import { Terminal } from '../../src/cli/terminal/terminal.js'

const env = {}

/** Runs a command line that elect refuses. Returns the message and the exit code. */
async function refusal(args: readonly string[]): Promise<ReturnType<typeof explain>> {
  try {
    const request = parseCommandLine(commands, '0.0.0', args)
    if (request.ask === 'show') throw new Error('it shows a text')
    const { spec, ...given } = request
    const terminal = new Terminal({ format: 'text', level: 'quiet', env })
    const stop = new AbortController().signal
    const code = await spec.run({ ...given, env, commands, terminal, stop })
    throw new Error(`it ran, and ended with ${String(code)}`)
  } catch (error) {
    return explain(error)
  }
}

describe('the help', () => {
  test.each(commands)('of $name has options, exit codes and valid examples', (spec) => {
    const shown = parseCommandLine(commands, '0.0.0', [spec.name, '--help'])
    if (shown.ask !== 'show') throw new Error('it would run')
    expect(shown.isMistake).toBe(false)
    expect(shown.text).toMatch(
      /^Usage: elect .*\n[^]*Options:[^]*Examples:\n  # [^]*Exit codes:\n  0 /,
    )
    expect(spec.examples.length).toBeGreaterThan(0)
    for (const { command } of spec.examples) {
      expect(shown.text).toContain(command)
      const own = new RegExp(`elect ${spec.name}\\b([^|>)]*)`).exec(command)?.[1] ?? ''
      const words =
        own
          .split(' && ')[0]
          ?.split(' || ')[0]
          ?.match(/"[^"]*"|'[^']*'?|\S+/g) ?? []
      expect(parseCommandLine(commands, '0.0.0', [spec.name, ...words])).toMatchObject({
        ask: 'run',
      })
    }
  })
})

describe('a wrong command line', () => {
  const refused: readonly [readonly string[], RegExp][] = [
    [['lader'], /unknown command 'lader'.*Did you mean leader/],
    [['leader'], /missing required argument 'ELECTION'.*see 'elect leader --help'/],
    [['leader', 'a', 'b'], /too many arguments/],
    [['leader', '--nonsense', 'a'], /unknown option '--nonsense'/],
    [['leader', 'a', '-o', 'yaml'], /argument 'yaml' is invalid.*text, json/],
    [['leader', 'a', '-q', '-v'], /cannot be used with/],
    [['leader', ''], /election: expected a non-empty name/],
    [['leader', '--name-like-a-flag'], /unknown option/],
    [['leader', 'a', '--endpoints', 'ftp://x:1'], /--endpoints: expected 'http/],
    [['leader', 'a', '--cacert', '/no/such/file'], /--cacert: expected the path of a PEM file/],
    [['leader', 'a', '--user', 'ann'], /--user: expected 'name:password'/],
    [['leader', 'a', '--command-timeout', 'soon'], /--command-timeout: expected seconds/],
    [['leader', 'a', '--command-timeout', '0'], /--command-timeout: expected more/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
    [['dev', '--port', '99999'], /--port: expected a whole number from 0 to 65535/],
    [['run', 'a'], /no CMD was given/],
    [['run', 'a', '--'], /no CMD was given/],
    [['run', 'a', '--nonsense', '--', 'true'], /unknown option.*come after '--'/],
    [['run', 'a', '--ttl', '0', '--', 'true'], /--ttl: expected a whole number/],
    [['run', 'a', '--ttl', '1.5', '--', 'true'], /--ttl: expected a whole number/],
    [['run', 'a', '--grace', '6', '--', 'true'], /--grace: expected at most half of the TTL/],
    [['run', 'a', '--wait', 'x', '--', 'true'], /--wait: expected seconds/],
    [['run', 'a', '--once', '--forever', '--', 'true'], /cannot be used with/],
    [['run', 'a', '--lost-exit-code', '256', '--', 'true'], /--lost-exit-code: expected a whole/],
    [['run', 'a', '--lock-delay', '--no-wait', '--', 'true'], /--lock-delay: cannot be combined/],
    [['campaign', 'a', '--name', ''], /--name: expected a name/],
  ]
  test.each(refused)('%j is refused with 64 and one sentence', async (args, expected) => {
    const { code, message } = await refusal(args)
    expect(code).toBe(exitCodes.usage)
    expect(message).toMatch(expected)
    expect(message).toMatch(/^[^\n]+$/)
  })
})
