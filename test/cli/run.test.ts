// `elect run` with programs of all kinds, on a real etcd: what they get, how they end, and the exit
// code of elect.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type BuiltCli,
  buildCli,
  childrenOf,
  keeperOf,
  lives,
  start,
  type Started,
} from '../support/cli.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { Proxy } from '../support/proxy.js'
import { uniqueElection } from '../support/scope.js'
import { until } from '../support/until.js'
import { overlaps, parseBeats } from './rounds.js'

const beat = fileURLToPath(new URL('./programs/beat.sh', import.meta.url))

let cli: BuiltCli
let etcd: EtcdProcess
beforeAll(async () => {
  ;[cli, etcd] = await Promise.all([buildCli(), startEtcd()])
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
  cli.remove()
})

interface RunOptions {
  readonly election?: string
  readonly flags?: readonly string[]
  readonly endpoint?: string
  readonly env?: NodeJS.ProcessEnv
}

/** For tests that keep the leadership, so that a slow computer does not lose it. */
const patient = ['--ttl', '30', '--grace', '1']

function run(command: readonly string[], options: RunOptions = {}): Started {
  const { election = uniqueElection(), flags = patient, endpoint = etcd.endpoint } = options
  const args = ['run', election, ...flags, '--', ...command]
  return start(cli, args, { env: { ...options.env, ETCDCTL_ENDPOINTS: endpoint } })
}

const sh = (script: string): string[] => ['sh', '-c', script]

async function keysOf(election: string): Promise<string[]> {
  const { stdout } = await etcd.etcdctl('get', `${election}/`, '--prefix', '--keys-only')
  return stdout.split('\n').filter((line) => line !== '')
}

/** How many keep-alives etcd has received from all clients. */
async function renewals(): Promise<number> {
  const text = await (await fetch(`${etcd.endpoint}/metrics`)).text()
  return Number(/grpc_server_msg_received_total{.*"LeaseKeepAlive".*} (\d+)/.exec(text)?.[1] ?? 0)
}

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-cli-'))
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

/** Waits until the program has printed its process id. */
async function pidSaidBy(started: Started): Promise<number> {
  await started.says(/pid \d+/)
  return Number(/pid (\d+)/.exec(started.stdout)?.[1])
}

describe('a program', () => {
  test('gets its term in the environment, and elect ends with its exit code', async () => {
    const election = uniqueElection()
    const script = 'echo "$ELECT_ELECTION|$ELECT_NAME|$ELECT_TERM|$ELECT_FENCING_TOKEN"; exit 3'
    const started = run(sh(script), { election, flags: ['--name', 'web 1'] })
    expect(await started.ended).toEqual({ code: 3, signal: null })
    const [own, name, term, token] = started.stdout.trim().split('|')
    expect([own, name]).toEqual([election, 'web 1'])
    expect(term).toMatch(new RegExp(`^${election}/[0-9a-f]+$`))
    expect(BigInt(token ?? '')).toBeGreaterThan(0n)
    expect(started.stderr).toBe('')
    expect(await keysOf(election)).toEqual([])
  })

  test('that a signal ended gives 128 plus the number of the signal', async () => {
    expect((await run(sh('kill -KILL $$')).ended).code).toBe(137)
    expect((await run(sh('kill -USR1 $$')).ended).code).toBe(138)
  })

  test('gets its arguments unchanged, without a shell', async () => {
    const args = ['$HOME', 'a  b', '--', '-v', '*', '']
    const started = run(['printf', '[%s]', ...args])
    expect((await started.ended).code).toBe(0)
    expect(started.stdout).toBe(args.map((arg) => `[${arg}]`).join(''))
  })

  test('that does not exist or cannot be run gives 127 or 126 and one sentence', async () => {
    const election = uniqueElection()
    const missing = run(['no-such-program'], { election })
    expect((await missing.ended).code).toBe(127)
    expect(missing.stderr).toBe("elect: 'no-such-program' was not found: check the name and PATH\n")
    const forbidden = run(['/etc/passwd'], { election })
    expect((await forbidden.ended).code).toBe(126)
    expect(forbidden.stderr).toMatch(/^elect: '\/etc\/passwd' cannot be run: .*EACCES\n$/)
    expect(await keysOf(election)).toEqual([])
  })

  test('reads its piped input to the end', async () => {
    const started = run(['cat'])
    started.type('line\n')
    started.child.stdin?.end()
    expect((await started.ended).code).toBe(0)
    expect(started.stdout).toBe('line\n')
  })

  test('may close its output and go on', async () => {
    expect((await run(sh('exec >&- 2>&-; exit 7')).ended).code).toBe(7)
  })

  test('may flood its output, and nothing is lost', async () => {
    const started = run(sh('head -c 30000000 /dev/zero | tr "\\0" x'))
    expect((await started.ended).code).toBe(0)
    expect(started.stdout).toHaveLength(30_000_000)
  })

  test('keeps the leadership while nobody reads its flooded output', async () => {
    const election = uniqueElection()
    const started = run(sh('yes'), { election, flags: ['--ttl', '6', '--grace', '0.1'] })
    started.child.stdout?.pause()
    await until(async () => (await keysOf(election)).length === 1, { what: 'a leader' })
    const [term] = await keysOf(election)
    const before = await renewals()
    // There are three renewals per TTL: more than one TTL passes.
    await until(async () => (await renewals()) > before + 3, { what: 'renewals' })
    expect(await keysOf(election)).toEqual([term])
    started.kill('SIGINT')
    await until(() => !started.isRunning, { what: 'elect to end' })
    started.child.stdout?.resume()
    expect((await started.ended).code).toBe(130)
  })

  test('leaves nothing behind: all that it started ends before elect gives the leadership up', async () => {
    const dir = scratch()
    const pidFile = join(dir, 'pid')
    const election = uniqueElection()
    // The child ignores SIGTERM and has its own process group, as under a shell with job control.
    const script = `set -m; (trap '' TERM; echo $$; exec sleep 1000) & echo $! >${pidFile}; exit 5`
    const started = run(['bash', '-c', script], {
      election,
      flags: ['--ttl', '30', '--grace', '0.3'],
    })
    expect((await started.ended).code).toBe(5)
    expect(lives(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
    expect(await keysOf(election)).toEqual([])
  })
})

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    '%s is passed on; the program ends in its own time, and then elect gives the leadership up',
    async (signal) => {
      const election = uniqueElection()
      const name = signal.slice(3)
      const started = run(
        sh(`trap 'echo got; sleep 0.2; exit 9' ${name}; echo ready; while :; do sleep 0.05; done`),
        { election },
      )
      await started.says('ready')
      started.kill(signal)
      await started.says('got')
      expect((await started.ended).code).toBe(9)
      expect(await keysOf(election)).toEqual([])
    },
  )

  test('SIGUSR1 and SIGUSR2 are passed on and end nothing', async () => {
    const started = run(
      sh(`trap 'echo one' USR1; trap 'echo two' USR2; echo ready; while :; do sleep 0.05; done`),
    )
    await started.says('ready')
    started.kill('SIGUSR1')
    await started.says('one')
    started.kill('SIGUSR2')
    await started.says('two')
    started.kill('SIGTERM')
    expect((await started.ended).code).toBe(143)
  })

  test('SIGTERM while elect waits gives the candidacy up, and the program never runs', async () => {
    const election = uniqueElection()
    const leader = run(sh('echo leads; exec sleep 1000'), { election })
    await leader.says('leads')
    const waiting = run(sh('echo never'), { election })
    await until(async () => (await keysOf(election)).length === 2, { what: 'two candidates' })
    waiting.kill('SIGTERM')
    expect((await waiting.ended).code).toBe(143)
    expect(waiting.stdout).toBe('')
    expect(await keysOf(election)).toHaveLength(1)
  })

  test('SIGTERM that comes before the keeper is loaded is passed on when the program runs', async () => {
    const election = uniqueElection()
    const started = run(sh('exec sleep 1000'), { election, flags: [...patient, '--forever'] })
    await until(async () => (await keysOf(election)).length === 1, { what: 'a leader' })
    started.kill('SIGTERM')
    expect((await started.ended).code).toBe(143)
    expect(await keysOf(election)).toEqual([])
  })

  test('SIGKILL to elect ends the program, its children and the keeper, and the lease runs out', async () => {
    const election = uniqueElection()
    const script = `trap '' TERM; sleep 1000 & echo pid $$ $!; while :; do sleep 0.05; done`
    const started = run(sh(script), { election, flags: ['--ttl', '2'] })
    await started.says(/pid \d+ \d+/)
    const [pid = 0, child = 0] = started.stdout.replace('pid ', '').trim().split(' ').map(Number)
    const keeper = keeperOf(started.pid)
    started.kill('SIGKILL')
    await until(() => ![pid, child, keeper].some(lives), { what: 'all of them to end' })
    // The key stays until the lease ends: nobody else led meanwhile.
    await until(async () => (await keysOf(election)).length === 0, { what: 'the lease to run out' })
  })

  test('after SIGKILL to elect the next one leads as soon as the program has ended, not after the TTL', async () => {
    const election = uniqueElection()
    const flags = ['--ttl', '120']
    const first = run(sh('echo pid $$; exec sleep 1000'), { election, flags })
    const pid = await pidSaidBy(first)
    const second = run(sh('echo leads'), { election, flags })
    await until(async () => (await keysOf(election)).length === 2, { what: 'both in the queue' })
    first.kill('SIGKILL')
    expect((await second.ended).code).toBe(0)
    expect(lives(pid)).toBe(false)
  })

  test('SIGKILL to the keeper ends the program, and elect says so', async () => {
    const started = run(sh('echo pid $$; exec sleep 1000'))
    const pid = await pidSaidBy(started)
    process.kill(keeperOf(started.pid), 'SIGKILL')
    expect((await started.ended).code).toBe(70)
    expect(lives(pid)).toBe(false)
    expect(started.stderr).toMatch(/^elect: .*keeper.*SIGKILL.*\n$/)
  })

  test('SIGTERM to elect, keeper and program at once, as from a service manager, ends them in order too', async () => {
    const election = uniqueElection()
    const started = run(
      sh(`trap 'sleep 0.3; exit 4' TERM; echo pid $$; while :; do sleep 0.05; done`),
      {
        election,
      },
    )
    const pid = await pidSaidBy(started)
    for (const each of [keeperOf(started.pid), pid, started.pid]) process.kill(each, 'SIGTERM')
    expect((await started.ended).code).toBe(4)
    expect(await keysOf(election)).toEqual([])
  })
})

describe('a program whose leadership is lost', () => {
  const stubborn = `trap '' TERM; echo pid $$; while :; do sleep 0.05; done`

  test('is killed when the lease is revoked by hand', async () => {
    const election = uniqueElection()
    const started = run(sh(stubborn), { election })
    const pid = await pidSaidBy(started)
    const [term = ''] = await keysOf(election)
    await etcd.etcdctl('lease', 'revoke', term.split('/').at(-1) ?? '')
    expect((await started.ended).code).toBe(79)
    expect(lives(pid)).toBe(false)
    expect(started.stderr).toContain('was lost (revoked): CMD was ended')
  })

  test('is killed when its key is deleted, and --lost-exit-code sets the exit code', async () => {
    const election = uniqueElection()
    const started = run(sh(stubborn), { election, flags: [...patient, '--lost-exit-code', '0'] })
    const pid = await pidSaidBy(started)
    await etcd.etcdctl('del', `${election}/`, '--prefix')
    expect((await started.ended).code).toBe(0)
    expect(lives(pid)).toBe(false)
  })

  test('gets SIGTERM before SIGKILL when etcd is down', async () => {
    await using other = await startEtcd()
    const script = `trap 'echo asked; exit 0' TERM; echo pid $$; while :; do sleep 0.05; done`
    const flags = ['--ttl', '9', '--grace', '3', '--command-timeout', '3s']
    const started = run(sh(script), { endpoint: other.endpoint, flags })
    await pidSaidBy(started)
    await other.kill()
    expect((await started.ended).code).toBe(79)
    expect(started.stdout).toContain('asked')
  })

  test.each([
    ['its packets to etcd are dropped', 'orderly'],
    ['its packets to etcd are dropped, and it ignores SIGTERM', 'stubborn'],
    ['its packets to etcd are dropped, and a grandchild ignores SIGTERM', 'forking'],
    ['elect is stopped', 'stubborn'],
    ['elect is killed', 'stubborn'],
  ])('never runs beside the next leader: %s', async (what, mode) => {
    const election = uniqueElection()
    const file = join(scratch(), 'beats')
    await using proxy = await Proxy.before(etcd.port)
    const flags = ['--ttl', '5', '--grace', '0.3', '--command-timeout', '3s']
    const first = run([beat, file, mode], {
      election,
      flags: [...flags, '--name', 'a'],
      endpoint: proxy.endpoint,
    })
    const beats = (name: string): number =>
      existsSync(file)
        ? (parseBeats(readFileSync(file, 'utf8')).find((r) => r.name === name)?.beats ?? 0)
        : 0
    await until(() => beats('a') > 5, { what: 'the first one to work' })
    const second = run([beat, file, mode], { election, flags: [...flags, '--name', 'b'] })
    await until(async () => (await keysOf(election)).length === 2, {
      what: 'the second one to wait',
    })
    if (what.includes('stopped')) first.kill('SIGSTOP')
    else if (what.includes('killed')) first.kill('SIGKILL')
    else proxy.blackhole()
    await until(() => beats('b') > 20, { what: 'the second one to work' })
    expect(overlaps(parseBeats(readFileSync(file, 'utf8')))).toEqual([])
    first.kill('SIGCONT')
    if (!what.includes('killed')) expect((await first.ended).code).toBe(79)
    second.kill('SIGKILL')
  })

  test('with --forever, campaigns again and runs it again, until a signal', async () => {
    const election = uniqueElection()
    const flags = [...patient, '--forever']
    const started = run(sh(`trap 'exit 0' TERM; echo pid $$; while :; do sleep 0.05; done`), {
      election,
      flags,
    })
    await pidSaidBy(started)
    await etcd.etcdctl('del', `${election}/`, '--prefix')
    await started.says(/pid \d+\npid \d+/)
    started.kill('SIGTERM')
    expect((await started.ended).code).toBe(0)
    expect(await keysOf(election)).toEqual([])
  })
})

describe('waiting', () => {
  test('--no-wait and --wait give up with 75, and leave no candidate in the queue', async () => {
    const election = uniqueElection()
    const leader = run(sh('echo leads; exec sleep 1000'), { election })
    await leader.says('leads')
    for (const flag of ['--no-wait', '--wait=0.3']) {
      const late = run(sh('echo never'), { election, flags: [flag] })
      expect((await late.ended).code).toBe(75)
      expect(late.stdout).toBe('')
      expect(late.stderr).toMatch(/^elect: .*somebody else leads.*\n$/)
    }
    expect(await keysOf(election)).toHaveLength(1)
    const free = run(sh('echo runs'), { flags: ['--no-wait'] })
    expect((await free.ended).code).toBe(0)
    expect(free.stdout).toBe('runs\n')
  })

  test('for an etcd that does not exist ends with 69', async () => {
    const flags = ['--command-timeout', '2s']
    const started = run(sh('echo never'), { endpoint: 'http://127.0.0.1:1', flags })
    expect((await started.ended).code).toBe(69)
    expect(started.stdout).toBe('')
    expect(started.stderr).toMatch(
      /^elect: no (etcd member could be reached|answer from etcd in time).*\n$/,
    )
  })
})

test('as the first process of a container elect reaps orphans, and passes signals on', async () => {
  const namespace = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child']
  // An orphan's parent becomes process 1. When the orphan ends, it is a zombie until that reaps it.
  const script = `
    trap 'echo told; exit 6' TERM
    sh -c 'sh -c "exit" & exit'
    until [ "$(ps -A -o stat= | grep -c Z)" = 0 ]; do sleep 0.02; done
    echo "first is $(cat /proc/1/comm)"
    while :; do sleep 0.05; done`
  const args = [...namespace, cli.file, 'run', uniqueElection(), '--', 'sh', '-c', script]
  const started = start({ ...cli, file: 'unshare' }, args, {
    env: { ETCDCTL_ENDPOINTS: etcd.endpoint },
  })
  await started.says(/first is (sh|dash|elect)/)
  const [first = 0] = childrenOf(started.pid)
  process.kill(first, 'SIGTERM')
  await started.says('told')
  expect((await started.ended).code).toBe(6)
})
