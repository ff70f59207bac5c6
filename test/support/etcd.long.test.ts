// The etcds that tests start behave as their methods say, and none is left behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { enableAuth } from './auth.js'
import { startCluster, startEtcd } from './etcd.js'
import { freePorts } from './ports.js'
import { until } from './until.js'
import { describeVersions } from './versions.js'

describeVersions((version) => {
  test('an etcd keeps its data and its port when it is killed or stopped and restarted', async () => {
    await using etcd = await startEtcd({ version })
    for (const end of ['kill', 'stop'] as const) {
      expect((await etcd.etcdctl('put', 'key', end)).code).toBe(0)
      const { endpoint, pid } = etcd
      await etcd[end]()
      expect(etcd.isRunning).toBe(false)
      await etcd.restart()
      expect(etcd.endpoint).toBe(endpoint)
      expect(etcd.pid).not.toBe(pid)
      expect((await etcd.etcdctl('get', 'key', '--print-value-only')).stdout).toBe(`${end}\n`)
    }
  })

  test('with auth on, users have the rights they were given, and etcd can be restarted', async () => {
    await using etcd = await startEtcd({ version })
    await enableAuth(etcd, [{ name: 'ann', password: 'a', prefix: 'app/' }])
    await etcd.restart()
    const put = async (user: string, key: string): Promise<boolean> =>
      (await etcd.etcdctl(`--user=${user}`, 'put', key, 'x')).code === 0
    expect(await put('ann:a', 'app/x')).toBe(true)
    expect(await put('ann:a', 'other')).toBe(false)
    expect(await put('ann:wrong', 'app/x')).toBe(false)
    expect(await put('root:secret', 'other')).toBe(true)
  })

  test('a cluster tells which member leads, and has another one lead', async () => {
    await using cluster = await startCluster({ version })
    // On a host that stalls, the members may elect another leader between the questions.
    await until(
      async () => {
        const before = await cluster.leader()
        const moved = await cluster.moveLeader()
        return moved !== before && (await cluster.leader()) === moved
      },
      { what: 'another member to lead' },
    )
    const after = await cluster.leader()
    await after.kill()
    await until(async () => (await cluster.leader()) !== after, { what: 'another member to lead' })
  })
})

test('a paused etcd answers nothing until it is resumed', async () => {
  await using etcd = await startEtcd()
  const get = async (): Promise<number> =>
    (await etcd.etcdctl('get', 'key', '--command-timeout=500ms')).code
  await etcd.pause()
  expect(await get()).not.toBe(0)
  etcd.resume()
  await until(async () => (await get()) === 0, { what: 'etcd to answer again' })
})

test('an etcd that cannot start says why', async () => {
  const [port = 0] = await freePorts(1)
  const server = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  await expect(startEtcd({ port })).rejects.toThrow(/ended instead of serving:.*address already/s)
})

describe('nothing is left behind', () => {
  const lives = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }

  test('when an etcd is disposed of, even a paused one', async () => {
    const etcd = await startEtcd()
    const { pid, dir } = etcd
    await etcd.pause()
    await etcd[Symbol.asyncDispose]()
    expect(lives(pid)).toBe(false)
    expect(existsSync(dir)).toBe(false)
  })

  /** A program that starts a cluster, and then ends as it reads on its standard input. */
  const program = `
    import { runnerImport } from 'vite'
    const { module } = await runnerImport('./test/support/etcd.ts', { configFile: false })
    const { members } = await module.startCluster()
    await members[0].pause()
    process.stdin.once('data', (how) => {
      if (String(how) === 'throw') throw new Error('on purpose')
      process.exit()
    })
    console.log(JSON.stringify(members.map(({ pid, dir }) => ({ pid, dir }))))`

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'throw', 'exit'] as const)(
    'when the process that started a cluster ends by %s',
    async (how) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program])
      onTestFinished(() => void child.kill('SIGKILL'))
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
      const members = JSON.parse(line) as { pid: number; dir: string }[]
      expect(members.map(({ pid, dir }) => lives(pid) && existsSync(dir))).toEqual([
        true,
        true,
        true,
      ])
      if (how === 'throw' || how === 'exit') child.stdin.write(how)
      else child.kill(how)
      await until(() => members.every(({ pid, dir }) => !lives(pid) && !existsSync(dir)), {
        what: 'processes and directories to be gone',
      })
    },
  )
})
