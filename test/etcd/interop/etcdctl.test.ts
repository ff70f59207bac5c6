// One election shared by this library and the real etcdctl, each as leader, waiter and observer.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type EtcdProcess, startEtcd } from '../../support/etcd.js'
import { isPending, scope, seen } from '../../support/scope.js'
import { until } from '../../support/until.js'
import { binariesOf, describeVersions } from '../../support/versions.js'

/** An etcdctl that runs until it is stopped. */
class Running {
  readonly #child: ChildProcessByStdio<null, Readable, null>
  #output = ''

  constructor(server: EtcdProcess, args: readonly string[]) {
    this.#child = spawn(
      binariesOf(server.version).etcdctl,
      [`--endpoints=${server.endpoint}`, ...args],
      { env: { ...process.env, ETCDCTL_API: '3' }, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    this.#child.stdout.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
    onTestFinished(() => this.stop('SIGKILL'))
  }

  get lines(): string[] {
    return this.#output.split('\n').filter((line) => line !== '')
  }

  async stop(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }
}

describeVersions((version) => {
  let server: EtcdProcess
  beforeAll(async () => {
    server = await startEtcd({ version })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test('etcdctl leads, we wait; it stops, we lead', async () => {
    const { candidate, observer, election } = scope(server.endpoint)
    const theirs = new Running(server, ['elect', election, 'theirs'])
    await until(() => theirs.lines.length === 2, { what: 'etcdctl to be elected' })
    const ours = candidate('ours')
    const { term, name } = await ours.leader()
    expect([term, name]).toEqual(theirs.lines)
    const watching = observer()
    await watching.start()
    expect(watching.leader?.name).toBe('theirs')
    const waiting = ours.campaign()
    await until(() => ours.term !== '', { what: 'us to be in the queue' })
    expect(await isPending(waiting)).toBe(true)
    expect(await ours.isLeader()).toBe(false)
    await theirs.stop('SIGINT')
    const leadership = await waiting
    expect(leadership.isValid()).toBe(true)
    await seen(watching, 'ours')
  })

  test('an election may have slashes at its ends, as in the examples of Go’s package', async () => {
    const { candidate, election } = scope(server.endpoint)
    const slashed = `/${election}/`
    const theirs = new Running(server, ['elect', slashed, 'theirs'])
    await until(() => theirs.lines.length === 2, { what: 'etcdctl to be elected' })
    const ours = candidate('ours', { election: slashed })
    const { term, name } = await ours.leader()
    expect([term, name]).toEqual(theirs.lines)
    const waiting = ours.campaign()
    await until(() => ours.term !== '', { what: 'us to be in the queue' })
    await theirs.stop('SIGINT')
    expect((await waiting).isValid()).toBe(true)
  })

  test('we lead, etcdctl waits; we resign, it leads', async () => {
    const { candidate, observer, election } = scope(server.endpoint)
    const ours = candidate('ours')
    await ours.campaign()
    const theirs = new Running(server, ['elect', election, 'theirs'])
    const watching = observer()
    await watching.start()
    await until(() => watching.candidates.length === 2, { what: 'etcdctl to be in the queue' })
    expect(theirs.lines).toEqual([])
    await ours.resign()
    await until(() => theirs.lines.length === 2, { what: 'etcdctl to be elected' })
    await seen(watching, 'theirs')
    expect(theirs.lines).toEqual([watching.term, 'theirs'])
  })

  test('etcdctl elect --listen sees us, and what we proclaim', async () => {
    const { candidate, election } = scope(server.endpoint)
    const ours = candidate('ours')
    const leadership = await ours.campaign()
    const listening = new Running(server, ['elect', '--listen', election])
    await until(() => listening.lines.length === 2, { what: 'etcdctl to see us' })
    expect(listening.lines).toEqual([leadership.term, 'ours'])
    await ours.proclaim('ours-2')
    await until(() => listening.lines.at(-1) === 'ours-2', { what: 'the proclamation' })
  })

  test('an etcdctl lock and an election of the same name share a queue, so they take turns', async () => {
    const { candidate, election } = scope(server.endpoint)
    const lock = new Running(server, ['lock', election])
    await until(() => lock.lines.length === 1, { what: 'etcdctl to hold the lock' })
    const ours = candidate('ours')
    const waiting = ours.campaign()
    await until(() => ours.term !== '', { what: 'us to be in the queue' })
    expect(await isPending(waiting)).toBe(true)
    await lock.stop('SIGINT')
    await waiting
    const next = new Running(server, ['lock', election])
    await until(
      async () =>
        (await server.etcdctl('get', `${election}/`, '--prefix', '--keys-only')).stdout
          .split('\n')
          .filter(Boolean).length === 2,
      { what: 'etcdctl to queue behind us' },
    )
    expect(next.lines).toEqual([])
    await ours.resign()
    await until(() => next.lines.length === 1, { what: 'etcdctl to hold the lock' })
  })
})
