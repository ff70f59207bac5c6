// docs/cli.md lists the command's commands, flags and exit codes; the command takes every command
// line that pages and examples show; and the page's demo session is what the demo prints.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.js'
import { connectionOptions } from '../../src/cli/definition/connection-options.js'
import { exitCodes, exitMeanings, type ExitName } from '../../src/cli/definition/exit-codes.js'
import { exitNamesOf, synopsis } from '../../src/cli/definition/help.js'
import { parseCommandLine } from '../../src/cli/definition/parse-command-line.js'
import { type BuiltCli, buildCli, start } from '../support/cli.js'
import { fences, pages, read, root, tableRows } from './pages.js'

const page = 'docs/cli.md'
const rows = tableRows(page)

let cli: BuiltCli
beforeAll(async () => {
  cli = await buildCli()
})
afterAll(() => {
  cli.remove()
})

test('the page lists every command with its exit codes', () => {
  const always = [exitCodes.ok, exitCodes.usage, exitCodes.internal, exitCodes.output]
  const expected = commands.map((spec) => {
    const codes = exitNamesOf(spec)
      .map((name) => exitCodes[name])
      .filter((code) => !always.some((each) => each === code))
    const shown = codes.length === 0 ? '–' : codes.join(', ')
    return [`\`${synopsis(spec).replace(' [options]', '')}\``, spec.summary, shown]
  })
  expect(rows.filter(([first]) => first?.startsWith('`elect '))).toEqual(expected)
})

test('the page lists every exit code with its meaning', () => {
  const listed = rows.filter(([first]) => /^\d+$/.test(first ?? ''))
  const names = Object.keys(exitCodes) as ExitName[]
  expect(listed).toEqual(names.map((name) => [String(exitCodes[name]), exitMeanings[name]]))
})

test('the page lists every option of elect run, and the flags that etcdctl has too', () => {
  const run = commands.find(({ name }) => name === 'run')
  const text = read(page)
  for (const { flags } of [...(run?.options ?? []), ...connectionOptions]) {
    const long = /--[\w-]+/.exec(flags)?.[0] ?? ''
    // What --name is for stands in the example.
    expect(text).toContain(long)
  }
})

/** Splits a line into words as a shell does, for the simple lines of our pages. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )
}

const shown = pages()
  .flatMap((each) => fences(each))
  .filter(({ language }) => language === 'sh')
  .flatMap(({ page: where, code }) =>
    code
      .split('\n')
      .flatMap((line) => /(?:^|<\()(elect [^)]*(?:\)"[^)]*)?)/.exec(line)?.[1] ?? [])
      .map((line): [string, string[]] => [where, words(line).slice(1)]),
  )

const deployment = readFileSync(join(root, 'examples/kubernetes/deployment.yaml'), 'utf8')
const unit = readFileSync(join(root, 'examples/systemd/mailer.service'), 'utf8')
const inExamples: [string, string[]][] = [
  [
    'deployment.yaml',
    [...(/command:\n((?: +- .*\n)+)/.exec(deployment)?.[1] ?? '').matchAll(/- (.*)/g)]
      .map(([, word]) => word ?? '')
      .slice(1),
  ],
  ['mailer.service', (/ExecStart=\S+ (.*)/.exec(unit)?.[1] ?? '').split(' ')],
]

test('there are command lines to try', () => {
  expect(shown.length).toBeGreaterThan(5)
  expect(inExamples.map(([, [first]]) => first)).toEqual(['run', 'run'])
})

test.each([...shown, ...inExamples])('in %s: elect %j is taken', (_, args) => {
  expect(parseCommandLine(commands, '0.0.0', args)).toMatchObject({ ask: 'run' })
})

test('the examples are read by what they are for: their grace periods, their names', () => {
  expect(deployment).toMatch(/terminationGracePeriodSeconds: \d+/)
  expect(deployment).toContain('--name=$(POD_NAME)')
  expect(unit).toContain(`SuccessExitStatus=${String(exitCodes.lost)}`)
  expect(unit).toContain('KillMode=mixed')
})

test('the session of elect demo that the page shows is what it prints, but for times and names', async () => {
  const [session] = fences(page).filter(({ code }) => code.startsWith('$ elect demo\n'))
  const demo = start(cli, ['demo'])
  expect((await demo.ended).code).toBe(0)
  const plain = (text: string): string =>
    text
      .replaceAll(/\bweb-\d/g, 'web-N')
      .replaceAll(/\d+(\.\d+)?/g, 'N')
      .replaceAll(/^ +/gm, '')
  expect(plain(demo.stdout).trim()).toBe(plain((session?.code ?? '').replace('$ elect demo\n', '')))
})
