// Runs the etcdctl commands that go on until they are stopped: they must print the same about the
// devserver and etcd.

import { describe, expect, test } from 'vitest'
import type { ServerKind } from '../conformance/servers.js'
import { until } from '../../support/until.js'
import { Normalizer } from './normalize.js'
import { pairs } from './pairs.js'
import { CommandLineClient } from './tool.js'

/** Talks to a server through etcdctl, and returns the output to be compared. */
type Dialogue = (etcdctl: CommandLineClient) => Promise<readonly string[]>

const dialogues: Readonly<Record<string, Dialogue>> = {
  async 'watch a key'(etcdctl) {
    const watch = etcdctl.start('watch', 'a')
    // The watch starts late; the events before it has surely started are left out.
    await until(
      async () => {
        await etcdctl.run(['put', 'a', 'touched'])
        return watch.stdout.includes('touched')
      },
      { what: 'the watch to print an event' },
    )
    await etcdctl.run(['put', 'a', '1'])
    await etcdctl.run(['put', 'other', '1'])
    await etcdctl.run(['put', 'a', '2'])
    await etcdctl.run(['del', 'a'])
    await until(() => watch.stdout.includes('DELETE\na\n'), { what: 'the delete to be printed' })
    await watch.stop('SIGINT')
    return watch.stdout.split('touched\n').slice(-1)
  },

  async 'watch a prefix from a revision, with previous values'(etcdctl) {
    for (const [key, value] of ['p/a 1', 'p/b 2', 'q 3', 'p/a 4'].map((pair) => pair.split(' '))) {
      await etcdctl.run(['put', key ?? '', value ?? ''])
    }
    await etcdctl.run(['del', 'p/', '--prefix'])
    const watch = etcdctl.start('watch', '--prefix', 'p/', '--rev=3', '--prev-kv')
    const lines = await watch.lines(17)
    await watch.stop('SIGINT')
    return lines
  },

  async 'watch an interval, as JSON'(etcdctl) {
    await etcdctl.run(['put', 'a', '1'])
    await etcdctl.run(['put', 'b', '1'])
    await etcdctl.run(['put', 'c', '1'])
    const watch = etcdctl.start('watch', 'a', 'c', '--rev=1', '-w', 'json')
    await until(() => watch.stdout.split('"kv"').length === 3, { what: 'two events' })
    await watch.stop('SIGINT')
    return watch.stdout.split('"Events"').slice(1)
  },

  async 'watch a compacted revision'(etcdctl) {
    for (const value of ['1', '2', '3']) await etcdctl.run(['put', 'a', value])
    await etcdctl.run(['compaction', '4'])
    const { code, stdout, stderr } = await etcdctl.start('watch', 'a', '--rev=2').ended
    return [String(code), stdout, stderr]
  },

  async 'watch and run a command'(etcdctl) {
    await etcdctl.run(['put', 'a', 'value'])
    const watch = etcdctl.start('watch', 'a', '--rev=1', '--', 'sh', '-c', 'env | grep ETCD_WATCH')
    await until(() => watch.stdout.includes('ETCD_WATCH_VALUE'), { what: 'the command to run' })
    await watch.stop('SIGINT')
    return watch.stdout.split('\n').sort()
  },

  async 'watch by several requests typed in'(etcdctl) {
    await etcdctl.run(['put', 'a', '1'])
    await etcdctl.run(['put', 'b', '2'])
    const watch = etcdctl.start('watch', '-i')
    watch.type('watch a --rev=1\n')
    await watch.lines(3)
    watch.type('watch b --rev=1\n')
    const lines = await watch.lines(6)
    await watch.stop('SIGINT')
    return lines
  },

  async 'a lease, from grant to revoke'(etcdctl) {
    const printed: string[] = []
    const run = async (...args: string[]) => {
      const { stdout, stderr } = await etcdctl.run(args)
      printed.push(stdout, stderr)
      return stdout
    }
    const id = /lease ([0-9a-f]+) granted/.exec(await run('lease', 'grant', '600'))?.[1] ?? 'none'
    await run('put', 'k1', 'v', `--lease=${id}`)
    await run('put', 'k2', 'v', `--lease=${id}`)
    await run('put', 'k1', 'w', '--ignore-lease')
    await run('lease', 'list')
    await run('lease', 'timetolive', id)
    await run('lease', 'timetolive', id, '--keys')
    await run('lease', 'keep-alive', '--once', id)
    await run('get', 'k1', '-w', 'fields')
    await run('lease', 'revoke', id)
    await run('lease', 'timetolive', id)
    await run('lease', 'list')
    await run('get', 'k', '--prefix')
    return printed
  },

  async 'keeping a lease alive until it is revoked'(etcdctl) {
    const { stdout } = await etcdctl.run(['lease', 'grant', '10'])
    const id = /lease ([0-9a-f]+) granted/.exec(stdout)?.[1] ?? 'none'
    const keepAlive = etcdctl.start('lease', 'keep-alive', id)
    await keepAlive.lines(2)
    await etcdctl.run(['lease', 'revoke', id])
    const { code, stdout: printed } = await keepAlive.ended
    return [String(code), [...new Set(printed.split('\n'))].join('\n')]
  },

  async 'two candidates and a listener'(etcdctl) {
    const listener = etcdctl.start('elect', '--listen', 'e')
    const first = etcdctl.start('elect', 'e', 'first')
    await first.lines(2)
    await listener.lines(2)
    const second = etcdctl.start('elect', 'e', 'second')
    await until(
      async () =>
        (await etcdctl.run(['get', 'e/', '--prefix', '--keys-only'])).stdout.split('e/').length ===
        3,
      {
        what: 'two candidates',
      },
    )
    const queued = (await etcdctl.run(['get', 'e/', '--prefix', '--print-value-only'])).stdout
    const { code } = await first.stop('SIGINT')
    await second.lines(2)
    await listener.lines(4)
    await second.stop('SIGINT')
    await listener.stop('SIGINT')
    const left = await etcdctl.run(['get', 'e/', '--prefix'])
    const values = (printed: string) => printed.split('\n').filter((line) => !line.startsWith('e/'))
    return [
      queued.split('\n').sort().join(' '),
      String(code),
      ...values(first.stdout),
      ...values(second.stdout),
      ...values(listener.stdout),
      left.stdout,
    ]
  },

  async 'a lock that passes to the next waiter'(etcdctl) {
    const first = etcdctl.start('lock', 'l')
    await first.lines(1)
    const second = etcdctl.start('lock', 'l')
    await until(
      async () =>
        (await etcdctl.run(['get', 'l/', '--prefix', '--keys-only'])).stdout.split('l/').length ===
        3,
      {
        what: 'two in the queue',
      },
    )
    const waiting = second.stdout
    await first.stop('SIGINT')
    await second.lines(1)
    await second.stop('SIGINT')
    const { stdout: left } = await etcdctl.run(['get', 'l/', '--prefix'])
    return [waiting, first.stdout, second.stdout, left]
  },

  async 'a lock around a command'(etcdctl) {
    const { code, stdout } = await etcdctl.run([
      'lock',
      'l',
      'sh',
      '-c',
      'echo "got $ETCD_LOCK_KEY"; exit 7',
    ])
    const { stdout: left } = await etcdctl.run(['get', 'l/', '--prefix'])
    return [String(code), stdout, left]
  },

  async 'the status of the endpoint'(etcdctl) {
    await etcdctl.run(['put', 'a', '1'])
    const { code, stdout } = await etcdctl.run(['endpoint', 'status', '-w', 'fields'])
    expect(stdout).toMatch(/"Version" : "3\.\d+\.\d+"/)
    expect(stdout).toMatch(/"DBSize" : [1-9]/)
    const simple = await etcdctl.run(['endpoint', 'status'])
    return [
      String(code),
      ...stdout.split('\n').filter((line) => /Cluster|Member|Revision|Leader/.test(line)),
      ...simple.stdout.split(', ').slice(0, 2),
    ]
  },
}

describe.each(pairs)('$one.name and $other.name', ({ one, other, tools }) => {
  describe.each(tools)('etcdctl $version', ({ command }) => {
    test.each(Object.entries(dialogues))(
      '%s',
      async (_, dialogue) => {
        const [left, right] = await Promise.all([talkTo(one), talkTo(other)])
        expect(left).toEqual(right)

        async function talkTo(kind: ServerKind): Promise<readonly string[]> {
          const server = await kind.start()
          const etcdctl = new CommandLineClient(command, [
            `--endpoints=${new URL(server.endpoint).host}`,
          ])
          try {
            const normalizer = new Normalizer()
            return (await dialogue(etcdctl)).map((part) => normalizer.text(part))
          } finally {
            await etcdctl.close()
            await server.close()
          }
        }
      },
      120_000,
    )
  })
})
