// Each command in a pipe, on a real etcd: its output as text and as JSON, and its exit code. Also
// with wrong command lines, wrong variables and in adverse environments.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { commands } from '../../src/cli/commands/index.js'
import { exitCodes } from '../../src/cli/definition/exit-codes.js'
import { enableAuth } from '../support/auth.js'
import { type BuiltCli, buildCli, start, type Started, type StartOptions } from '../support/cli.js'
import { run } from '../support/command.js'
import { type Certificates, makeCertificates } from '../support/certificates.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { uniqueElection } from '../support/scope.js'
import { until } from '../support/until.js'

let cli: BuiltCli
let etcd: EtcdProcess
beforeAll(async () => {
  ;[cli, etcd] = await Promise.all([buildCli(), startEtcd()])
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
  cli.remove()
})

interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function elect(args: readonly string[], options: StartOptions = {}): Started {
  const env = { ETCDCTL_ENDPOINTS: etcd.endpoint, ...options.env }
  return start(cli, args, { ...options, env })
}

async function output(args: readonly string[], options: StartOptions = {}): Promise<Output> {
  const started = elect(args, options)
  started.child.stdin?.end()
  const { code } = await started.ended
  return { code, stdout: started.stdout, stderr: started.stderr }
}

async function leaderOf(election: string, name: string): Promise<Started> {
  const leader = elect(['campaign', election, '--name', name, '--ttl', '60'])
  await leader.says(name)
  return leader
}

function json(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

describe('campaign', () => {
  test.each([
    ['campaign', []],
    ['run', ['--', 'sleep', '0.5']],
  ])(
    'has %s say once that a long --ttl is in seconds, and lead all the same',
    async (name, rest) => {
      const started = elect([name, uniqueElection(), '--ttl', '5000', ...rest])
      if (name === 'campaign') {
        await started.says(/\n/)
        started.kill('SIGTERM')
      }
      expect((await started.ended).code).toBe(0)
      expect(started.stderr).toMatch(/^elect: warning: ttl: 5000 means 5000 seconds, [^\n]*\n$/)
    },
  )

  test('prints term and name as etcdctl elect does, resigns on a signal, and the next one leads', async () => {
    const election = uniqueElection()
    const first = await leaderOf(election, 'web-1')
    const [term, name] = first.stdout.split('\n')
    const seen = await etcd.etcdctl('get', `${election}/`, '--prefix')
    expect(seen.stdout).toBe(`${term ?? ''}\n${name ?? ''}\n`)
    const second = elect(['campaign', election, '--name', 'web-2', '-o', 'json'])
    await until(
      async () => json((await output(['candidates', election, '-o', 'json'])).stdout).length === 2,
      { what: 'two candidates' },
    )
    first.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
    await second.says('elected')
    second.kill('SIGINT')
    expect((await second.ended).code).toBe(0)
    expect(json(second.stdout)).toMatchObject([
      {
        event: 'elected',
        election,
        name: 'web-2',
        fencingToken: expect.stringMatching(/^\d+$/) as string,
      },
      { event: 'resigned' },
    ])
    expect((await output(['leader', election])).code).toBe(1)
  })

  test('ends with 79 and says how the leadership was lost', async () => {
    const election = uniqueElection()
    const leader = await leaderOf(election, 'web-1')
    await etcd.etcdctl('del', `${election}/`, '--prefix')
    expect((await leader.ended).code).toBe(79)
    expect(leader.stderr).toBe(`elect: leadership of '${election}' was lost: deleted\n`)
  })

  test('gives up with 75 when --no-wait or --wait ends the waiting', async () => {
    const election = uniqueElection()
    await leaderOf(election, 'web-1')
    expect((await output(['campaign', election, '--no-wait'])).code).toBe(75)
    expect((await output(['campaign', election, '--wait', '200ms'])).code).toBe(75)
  })
})

test('observe prints a line per change, also when nobody leads, and ends with 0 on a signal', async () => {
  const election = uniqueElection()
  const [text, lines] = [elect(['observe', election]), elect(['observe', election, '-o', 'json'])]
  await Promise.all([text.says('nobody leads\n'), lines.says('"leader":null')])
  const leader = await leaderOf(election, 'web-1')
  await Promise.all([text.says(/web-1 leads, fencing token \d+, term /), lines.says('web-1')])
  leader.kill('SIGTERM')
  await Promise.all([
    text.says(/web-1 leads.*\nnobody leads\n/),
    lines.says(/web-1.*\n.*"leader":null/),
  ])
  text.kill('SIGINT')
  lines.kill('SIGTERM')
  expect((await text.ended).code).toBe(0)
  expect((await lines.ended).code).toBe(0)
  expect(json(lines.stdout)).toMatchObject([
    { election, leader: null },
    { election, leader: { name: 'web-1', fencingToken: expect.any(String) as string } },
    { election, leader: null },
  ])
})

test('leader, candidates and list show what is in etcd', async () => {
  const election = `${uniqueElection()}/with/slashes`
  expect(await output(['leader', election])).toMatchObject({ code: 1, stdout: '' })
  expect(await output(['leader', election, '-q'])).toEqual({ code: 1, stdout: '', stderr: '' })
  expect(await output(['candidates', election])).toMatchObject({ code: 1, stdout: '' })
  await leaderOf(election, 'web 1')
  elect(['campaign', election, '--name', 'web-2'])
  await until(async () => (await output(['candidates', election])).stdout.includes('web-2'), {
    what: 'two candidates',
  })
  expect(await output(['leader', election])).toEqual({ code: 0, stdout: 'web 1\n', stderr: '' })
  const { stdout } = await output(['candidates', election])
  expect(stdout).toMatch(
    /^#.*NAME.*TTL LEFT\n1 +web 1 \(leads\) +\d+ .*\d+ of 60 s\n2 +web-2 .*\n$/,
  )
  expect(json((await output(['candidates', election, '-o', 'json'])).stdout)).toMatchObject([
    {
      position: 1,
      leads: true,
      name: 'web 1',
      leaseId: expect.stringMatching(/^\d+$/) as string,
      ttlSeconds: 60,
    },
    { position: 2, leads: false, name: 'web-2', ttlSeconds: 10 },
  ])
  // A key that is no candidacy: it has no lease.
  await etcd.etcdctl('put', `${election}x/123`, 'no lease')
  const listed = await output(['list', election.slice(0, 20)])
  expect(listed.stdout).toMatch(new RegExp(`^ELECTION.*\\n${election} +web 1 +\\d+ +2\\n$`))
  const all = json((await output(['list', '-o', 'json'])).stdout)
  expect(all).toContainEqual(
    expect.objectContaining({
      election,
      candidates: 2,
      leader: expect.objectContaining({ name: 'web 1' }) as unknown,
    }),
  )
})

test('list reads more keys than fit into one answer', async () => {
  const prefix = uniqueElection()
  // etcdctl pads one id in eight with zeros; the keys of candidacies have none.
  const lease =
    /lease 0*([0-9a-f]+)/.exec((await etcd.etcdctl('lease', 'grant', '600')).stdout)?.[1] ?? ''
  const puts = Array.from(
    { length: 1_100 },
    (_, n) => `put --lease=${lease} ${prefix}/${String(n)}/${lease} n${String(n)}\n`,
  )
  // Not more at a time than one transaction may hold.
  for (let from = 0; from < puts.length; from += 100) {
    const input = `\n${puts.slice(from, from + 100).join('')}\n\n`
    const { status, stderr } = spawnSync('etcdctl', [`--endpoints=${etcd.endpoint}`, 'txn'], {
      input,
      env: { ...process.env, ETCDCTL_API: '3' },
    })
    expect(status, String(stderr)).toBe(0)
  }
  const listed = await output(['list', prefix, '-o', 'json'])
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(json(listed.stdout)).toHaveLength(1_100)
})

describe('resign and proclaim', () => {
  test('resign evicts the leader, and needs --yes without a terminal to ask on', async () => {
    const election = uniqueElection()
    expect(await output(['resign', election, '--yes'])).toMatchObject({ code: 1 })
    const leader = await leaderOf(election, 'web-1')
    const withoutYes = await output(['resign', election])
    expect(withoutYes).toMatchObject({ code: 64, stdout: '' })
    expect(withoutYes.stderr).toContain('add --yes')
    expect(await output(['resign', election, '--yes'])).toMatchObject({ code: 0 })
    expect((await leader.ended).code).toBe(79)
  })

  test('proclaim renames the leader, which keeps its lease and its place', async () => {
    const election = uniqueElection()
    expect((await output(['proclaim', election, 'x'])).code).toBe(1)
    const leader = await leaderOf(election, 'web-1')
    expect((await output(['proclaim', election, 'http://web-1:80'])).code).toBe(0)
    expect((await output(['leader', election])).stdout).toBe('http://web-1:80\n')
    expect(leader.isRunning).toBe(true)
    leader.kill('SIGTERM')
    expect((await leader.ended).code).toBe(0)
    expect((await output(['leader', election])).code).toBe(1)
  })

  test('within elect run they act on the term of their CMD, and on no later one', async () => {
    const election = uniqueElection()
    const script = `"$0" proclaim ${election} inside && "$0" leader ${election}`
    const within = await output(['run', election, '--', 'sh', '-c', script, cli.file])
    expect(within).toMatchObject({ code: 0 })
    expect(within.stdout).toContain('\ninside\n')
    await leaderOf(election, 'later')
    const env = { ELECT_ELECTION: election, ELECT_TERM: `${election}/1`, ELECT_FENCING_TOKEN: '7' }
    for (const args of [
      ['proclaim', election, 'stale'],
      ['resign', election, '--yes'],
    ]) {
      const stale = await output(args, { env })
      expect(stale.code).toBe(1)
      expect(stale.stderr).toContain('the term of this CMD is over')
    }
    expect((await output(['leader', election])).stdout).toBe('later\n')
  })
})

describe('doctor', () => {
  test('finds nothing wrong with a healthy etcd, and leaves nothing behind', async () => {
    const leases = async () => (await etcd.etcdctl('lease', 'list')).stdout.split('\n').slice(1)
    const before = await leases()
    const { code, stdout } = await output(['doctor', uniqueElection(), '-o', 'json'])
    expect(code).toBe(0)
    const found = json(stdout) as { check: string; state: string; found: string }[]
    // A slow computer may have slow round trips.
    const wrong = found.filter(
      ({ check, state }) => state !== 'ok' && !check.startsWith('round trip'),
    )
    expect(wrong).toEqual([])
    const checks = found.map(({ check }) => check.replace(/ (of )?(http|election-).*/, ''))
    expect(checks).toEqual([
      'member',
      'version',
      'round trip',
      'clock',
      'shortest TTL',
      'right to read',
      'right to write',
    ])
    expect(found.find(({ check }) => check.startsWith('version'))?.found).toMatch(/^3\.\d+\.\d+/)
    // Leases of earlier tests may have run out meanwhile.
    expect(before).toEqual(expect.arrayContaining(await leases()))
  })

  test('says which member is down, and that two endpoints are one', async () => {
    const endpoints = `${etcd.endpoint},${etcd.endpoint},http://127.0.0.1:1`
    const { code, stdout } = await output(['doctor', '--endpoints', endpoints])
    expect(code).toBe(1)
    expect(stdout).toMatch(/failed +member http:\/\/127\.0\.0\.1:1: /)
    expect(stdout).toMatch(/warning +members together: two endpoints lead to the same member/)
    const down = await output(['doctor', '--endpoints', '127.0.0.1:1', '--command-timeout', '1s'])
    expect(down.code).toBe(69)
  })

  test('says which rights a user lacks, and when etcd raises the TTL', async () => {
    await using other = await startEtcd({
      args: ['--election-timeout', '4000', '--heartbeat-interval', '100'],
    })
    await enableAuth(other, [{ name: 'ann', password: 'a:b', prefix: 'mine/' }])
    const env = { ETCDCTL_ENDPOINTS: other.endpoint, ETCDCTL_USER: 'ann:a:b' }
    expect((await output(['doctor', 'mine'], { env })).stdout).toMatch(
      /warning +shortest TTL: [4-9] s/,
    )
    const theirs = await output(['doctor', 'theirs'], { env })
    expect(theirs.code).toBe(1)
    expect(theirs.stdout).toMatch(/failed +right to write theirs\/.*\n.*grant-permission/)
    const wrong = await output(['leader', 'mine', '--user', 'ann:wrong'], { env })
    expect(wrong.code).toBe(77)
    // --user may be a bare name, with the password in --password.
    const flags = ['leader', 'mine', '--user', 'ann', '--password', 'a:b']
    expect((await output(flags, { env: { ETCDCTL_ENDPOINTS: other.endpoint } })).code).toBe(1)
  })
})

test('connects to an etcd with TLS by the flags and by the variables of etcdctl', async () => {
  const certificates: Certificates = makeCertificates()
  onTestFinished(() => {
    certificates.remove()
  })
  const { caFile, certFile, keyFile, client: clientCert } = certificates
  await using other = await startEtcd({ tls: { caFile, certFile, keyFile, clientCert } })
  const { certFile: cert, keyFile: key } = clientCert
  const election = uniqueElection()
  const flags = ['--endpoints', other.endpoint, '--cacert', caFile, '--cert', cert, '--key', key]
  expect((await output(['leader', election, ...flags])).code).toBe(1)
  const env = {
    ETCDCTL_ENDPOINTS: other.endpoint,
    ETCDCTL_CACERT: caFile,
    ETCDCTL_CERT: cert,
    ETCDCTL_KEY: key,
  }
  expect((await output(['leader', election], { env })).code).toBe(1)
  expect((await output(['doctor', election], { env })).stdout).toMatch(/ok +clock of https:/)
  expect((await output(['leader', election, '--endpoints', other.endpoint])).code).toBe(77)
})

test('dev prints a line with which etcdctl uses it, and ends with 0', async () => {
  const dev = elect(['dev', '--port', '0'])
  await dev.says(/export .*\n/)
  const script = `${dev.stdout} etcdctl put key value && etcdctl get key --print-value-only`
  const { stdout, code } = await run('sh', ['-c', script])
  expect(code).toBe(0)
  expect(stdout).toBe('OK\nvalue\n')
  const taken = await output(['dev', '--port', /:(\d+)\s/.exec(dev.stdout)?.[1] ?? ''])
  expect(taken).toMatchObject({ code: 64, stdout: '' })
  expect(taken.stderr).toContain('name another with --port')
  dev.kill('SIGTERM')
  expect((await dev.ended).code).toBe(0)
})

describe('the help', () => {
  test('lists all commands, and each command has its own', async () => {
    const { code, stdout } = await output(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of commands) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'))
    }
    const ofRun = await output(['run', '--help'])
    expect(ofRun).toMatchObject({ code: 0, stderr: '' })
    expect(ofRun.stdout).toContain('Usage: elect run [options] ELECTION -- CMD [ARG...]')
    expect(await output(['help', 'run'])).toEqual(ofRun)
  })

  test('goes with --version, which prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await output(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('and the man page list the same commands, options and exit codes', () => {
    const page = readFileSync(join(cli.dir, 'elect.1'), 'utf8')
    for (const { name, options } of commands) {
      expect(page).toContain(`.SS elect ${name}: `)
      for (const { flags } of options) expect(page).toContain(flags.replaceAll('-', '\\-'))
    }
    for (const code of Object.values(exitCodes)) expect(page).toContain(`.TP\n${String(code)}\n`)
  })

  test('completion prints a script for each shell, and bash completes with its own', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await output(['completion', shell])
      expect(code).toBe(0)
      for (const { name } of commands) expect(stdout).toContain(name)
    }
    const script = `source <(${cli.file} completion bash)
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _elect; echo "\${COMPREPLY[*]}"; }
      try elect ca; try elect run --gr; try elect leader x -o j; try elect completion z`
    const { stdout } = await run('bash', ['--norc', '-c', script])
    expect(stdout).toBe('campaign candidates\n--grace\njson\nzsh\n')
  })
})

describe('command lines', () => {
  test('that are wrong are refused with 64 and one sentence', async () => {
    for (const args of [[], ['lader'], ['run', 'a'], ['run', 'a', '--ttl', '0', '--', 'true']]) {
      const { code, stdout, stderr } = await output(args)
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
      if (args.length > 0) expect(stderr).toMatch(/^elect: [^\n]+\n$/)
    }
  })

  test('are refused with the name of the variable when a variable is wrong', async () => {
    const env = { ETCDCTL_ENDPOINTS: 'ftp://x:1' }
    const { code, stderr } = await output(['leader', 'a'], { env })
    expect(code).toBe(64)
    expect(stderr).toMatch(/^elect: ETCDCTL_ENDPOINTS: expected/)
  })

  test('may have names that look like flags, and an election named --, after --', async () => {
    const dashes = await output(['run', '--', '--', 'printenv', 'ELECT_ELECTION'])
    expect(dashes).toEqual({ code: 0, stdout: '--\n', stderr: '' })
    const flag = await output([
      'run',
      '--name=-n',
      '--',
      '--ttl',
      'printenv',
      'ELECT_NAME',
      'ELECT_ELECTION',
    ])
    expect(flag).toEqual({ code: 0, stdout: '-n\n--ttl\n', stderr: '' })
    expect((await output(['leader', '--', '--'])).code).toBe(1)
  })

  test('with arguments that are not UTF-8 are refused, and not passed on changed', async () => {
    const script = `"$0" run job -- printf "$(printf 'a\\377b')"`
    const { code, stdout, stderr } = await run('sh', ['-c', script, cli.file])
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(stderr).toMatch(/^elect: the argument 'a.b' is not valid UTF-8/)
    const genuine = await output(['run', uniqueElection(), '--', 'printf', '\ufffd'])
    expect(genuine).toEqual({ code: 0, stdout: '\ufffd', stderr: '' })
  })
})

describe('an adverse environment', () => {
  test('without HOME and in a folder that is not writable, elect works', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-bare-'))
    onTestFinished(() => {
      rmSync(dir, { recursive: true, force: true })
    })
    chmodSync(dir, 0o500)
    const script = `cd ${dir} && exec env -i PATH="$PATH" ${cli.file} run job --endpoints ${etcd.endpoint} -- pwd`
    expect(await run('sh', ['-c', script])).toEqual({ code: 0, stdout: `${dir}\n`, stderr: '' })
    expect(existsSync(join(dir, '.elect'))).toBe(false)
  })

  test('a full disk is reported in one sentence, with 74', async () => {
    const election = uniqueElection()
    await leaderOf(election, 'web-1')
    for (const args of [
      ['leader', election],
      ['observe', election],
      ['--help'],
      ['campaign', uniqueElection()],
    ]) {
      const full = openSync('/dev/full', 'w')
      const started = elect(args, { stdio: ['ignore', full, 'pipe'] })
      expect((await started.ended).code).toBe(74)
      expect(started.stderr).toMatch(/^elect: the output could not be written: ENOSPC.*\n$/)
    }
  })

  test('when the reader of the output goes away, elect ends silently with 141', async () => {
    const election = uniqueElection()
    await leaderOf(election, 'web-1')
    const observer = elect(['observe', election])
    await observer.says('web-1')
    observer.child.stdout?.destroy()
    await output(['proclaim', election, 'web-2'])
    expect((await observer.ended).code).toBe(141)
    expect(observer.stderr).toBe('')
  })

  test('a program whose interpreter is missing counts as not found', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'etcd-elect-bare-')), 'program')
    writeFileSync(file, '#!/no/such/interpreter\n', { mode: 0o755 })
    onTestFinished(() => {
      rmSync(join(file, '..'), { recursive: true, force: true })
    })
    expect((await output(['run', uniqueElection(), '--', file])).code).toBe(127)
  })
})

test('a start of elect loads no other package: commands load gRPC when they need it', () => {
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    if (!file.startsWith('./')) return
    const code = readFileSync(join(cli.dir, file), 'utf8')
    for (const [, next = ''] of code.matchAll(/\bimport ?(?:[^"'()]*?from ?)?["']([^"']+)["']/g))
      load(next)
  }
  load('./main.js')
  const others = [...loaded].filter((file) => !file.startsWith('./') && !file.startsWith('node:'))
  expect(others).toEqual([])
  expect(loaded.size).toBeGreaterThan(3)
  const files = readdirSync(cli.dir).filter((file) => file.endsWith('.js'))
  const all = files.map((file) => readFileSync(join(cli.dir, file), 'utf8'))
  expect(all.some((code) => code.includes('"@grpc/grpc-js"'))).toBe(true)
})
