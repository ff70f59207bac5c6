// The command on a terminal: keys, job control, status line, colours, questions. Each test has its
// own terminal.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type BuiltCli,
  buildCli,
  lives,
  quoted,
  shellOnTerminal,
  start,
  startOnTerminal,
} from '../support/cli.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { uniqueElection } from '../support/scope.js'
import { until } from '../support/until.js'

const escape = '\u001b'
const ctrlC = '\u0003'
const ctrlZ = '\u001a'

let cli: BuiltCli
let etcd: EtcdProcess
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  ;[cli, etcd] = await Promise.all([buildCli(), startEtcd()])
  env = { ETCDCTL_ENDPOINTS: etcd.endpoint }
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
  cli.remove()
})

async function keysOf(election: string): Promise<string[]> {
  const { stdout } = await etcd.etcdctl('get', `${election}/`, '--prefix', '--keys-only')
  return stdout.split('\n').filter((line) => line !== '')
}

/** Starts a leader in its own process. */
async function leaderOf(election: string, name: string): Promise<ReturnType<typeof start>> {
  const leader = start(cli, ['campaign', election, '--name', name], { env })
  await leader.says(name)
  return leader
}

describe('a program under elect run', () => {
  test('has the terminal: it reads what the user types, and sees that its input is a terminal', async () => {
    const script = 'test -t 0 && test -t 1 && echo terminal; read line; echo "got $line"'
    const started = startOnTerminal(cli, ['run', uniqueElection(), '--', 'sh', '-c', script], {
      env,
    })
    await started.says('terminal')
    started.type('some words\r')
    await started.says('got some words')
    expect((await started.ended).code).toBe(0)
  })

  test('gets Ctrl-C once, and ends in its own time', async () => {
    const election = uniqueElection()
    const script = "trap 'echo interrupted; exit 8' INT; echo ready; while :; do sleep 0.05; done"
    const started = startOnTerminal(cli, ['run', election, '--', 'sh', '-c', script], { env })
    await started.says('ready')
    started.type(ctrlC)
    expect((await started.ended).code).toBe(8)
    expect(started.stdout.match(/interrupted/g)).toHaveLength(1)
    expect(await keysOf(election)).toEqual([])
  })

  test('is stopped together with elect by Ctrl-Z, and both resume by fg', async () => {
    const script = 'echo "pid $$"; read line; echo "got $line"'
    const job = ['run', uniqueElection(), '--ttl', '60', '--', 'sh', '-c', script]
      .map(quoted)
      .join(' ')
    // A shell with job control, which resumes the job when a key is pressed.
    const shell = shellOnTerminal(
      `exec bash --norc --noprofile -ic ${quoted(`${cli.file} ${job}; echo stopped-$?; read -n 1; fg; echo ended-$?`)}`,
      env,
    )
    await shell.says(/pid \d+/)
    const pid = Number(/pid (\d+)/.exec(shell.stdout)?.[1])
    shell.type(ctrlZ)
    await shell.says(/stopped-1\d\d/)
    await until(() => stateOf(pid) === 'T', { what: 'the program to be stopped' })
    shell.type(' ')
    await until(() => stateOf(pid) !== 'T', { what: 'the program to go on' })
    shell.type('more\r')
    await shell.says('got more')
    await shell.says('ended-0')
  })

  test('in the background gets an empty input, and not what the user types to the shell', async () => {
    const job = ['run', uniqueElection(), '--', 'cat'].map(quoted).join(' ')
    const shell = shellOnTerminal(
      `exec bash --norc --noprofile -ic ${quoted(`${cli.file} ${job} & wait; echo done-$?; read line; echo "shell got $line"`)}`,
      env,
    )
    await shell.says('done-0')
    shell.type('words\r')
    await shell.says('shell got words')
  })

  test('ends when the terminal goes away', async () => {
    const election = uniqueElection()
    const script = 'echo "pid $$"; while :; do sleep 0.05; done'
    const started = startOnTerminal(cli, ['run', election, '--', 'sh', '-c', script], { env })
    await started.says(/pid \d+/)
    const pid = Number(/pid (\d+)/.exec(started.stdout)?.[1])
    started.kill('SIGKILL')
    await until(() => !lives(pid), { what: 'the program to end' })
    await until(async () => (await keysOf(election)).length === 0, { what: 'the key to go' })
  })
})

test('a status line says who leads while elect waits; in a pipe there is none', async () => {
  const election = uniqueElection()
  const leader = await leaderOf(election, 'web-1')
  const waiting = startOnTerminal(cli, ['run', election, '--', 'echo', 'runs'], { env })
  await waiting.says(/waiting to lead '.*': web-1 leads, 2 in the queue, \d+\.\d s/)
  expect(waiting.stdout).toContain(`\r${escape}[K`)
  const piped = start(cli, ['run', election, '--', 'echo', 'runs'], { env })
  await until(async () => (await keysOf(election)).length === 3, { what: 'three candidates' })
  leader.kill('SIGTERM')
  expect((await waiting.ended).code).toBe(0)
  expect((await piped.ended).code).toBe(0)
  expect(piped.stdout).toBe('runs\n')
  expect(piped.stderr).toBe('')
})

test('a candidate that waits gives up on Ctrl-C', async () => {
  const election = uniqueElection()
  await leaderOf(election, 'web-1')
  const waiting = startOnTerminal(cli, ['campaign', election], { env })
  await waiting.says('waiting to lead')
  waiting.type(ctrlC)
  expect((await waiting.ended).code).toBe(130)
  expect(await keysOf(election)).toHaveLength(1)
})

test('there are colours on a terminal, and none with NO_COLOR, on a dumb terminal or in a pipe', async () => {
  const doctor = async (more: NodeJS.ProcessEnv): Promise<string> => {
    const started = startOnTerminal(cli, ['doctor'], { env: { ...env, ...more } })
    expect((await started.ended).code).toBe(0)
    return started.stdout
  }
  expect(await doctor({})).toContain(`${escape}[32mok`)
  expect(await doctor({ NO_COLOR: '1' })).not.toContain(escape)
  expect(await doctor({ TERM: 'dumb' })).not.toContain(escape)
  const piped = start(cli, ['doctor'], { env })
  await piped.ended
  expect(piped.stdout).not.toContain(escape)
})

describe('elect resign', () => {
  test.each([
    ['n\r', 1],
    ['\r', 1],
    [ctrlC, 1],
    ['y\r', 0],
  ])('asks before it evicts: after %j the exit code is %i', async (answer, code) => {
    const election = uniqueElection()
    const leader = await leaderOf(election, 'web-1')
    const started = startOnTerminal(cli, ['resign', election], { env })
    await started.says('web-1 leads')
    await started.says('Evict it? [y/N]')
    started.type(answer)
    expect((await started.ended).code).toBe(code)
    expect(await keysOf(election)).toHaveLength(1 - (code === 0 ? 1 : 0))
    if (code === 0) expect((await leader.ended).code).toBe(79)
  })
})

test('control characters in a name do not reach the terminal', async () => {
  const election = uniqueElection()
  const name = `web${escape}[2J\u0007`
  const leader = start(cli, ['campaign', election, '--name', name], { env })
  onTestFinished(() => {
    leader.kill('SIGTERM')
  })
  await leader.says('web')
  const started = startOnTerminal(cli, ['leader', election], { env })
  expect((await started.ended).code).toBe(0)
  expect(started.stdout).toBe(String.raw`web\u001b[2J\u0007` + '\r\n')
})

test.each(['candidates', 'list', 'observe', 'leader'])(
  'elect %s works on a terminal',
  async (command) => {
    const election = uniqueElection()
    await leaderOf(election, 'web-1')
    const started = startOnTerminal(cli, [command, election], { env })
    await started.says('web-1')
    if (command === 'observe') started.type(ctrlC)
    expect((await started.ended).code).toBe(0)
  },
)

function stateOf(pid: number): string {
  const line = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
  return line.charAt(line.lastIndexOf(')') + 2)
}
