// Runs the real etcdctl on the devserver and on etcd: it must print the same. Commands that go on
// until they are stopped are in etcdctl-streams.test.ts.

import { describe, expect, test } from 'vitest'
import { pairs } from './pairs.js'
import { Normalizer } from './normalize.js'
import { scripts } from './scripts.js'
import type { RunningServer, ServerKind } from '../conformance/servers.js'
import { CommandLineClient } from './tool.js'

describe.each(pairs)('$one.name and $other.name', ({ one, other, tools }) => {
  describe.each(tools)('etcdctl $version', ({ command }) => {
    test.each(Object.entries(scripts))(
      '%s',
      async (_, steps) => {
        const [left, right] = await Promise.all([transcript(one), transcript(other)])
        expect(left).toEqual(right)

        async function transcript(kind: ServerKind): Promise<unknown[]> {
          const server: RunningServer = await kind.start()
          try {
            const etcdctl = new CommandLineClient(command, [
              `--endpoints=${new URL(server.endpoint).host}`,
            ])
            const normalizer = new Normalizer()
            const printed: unknown[] = []
            for (const { args, stdin, succeeds } of steps) {
              const ended = await etcdctl.run(args, stdin)
              const line = args.join(' ')
              expect({ line, ...ended, succeeds: ended.code === 0 }).toMatchObject({
                line,
                succeeds,
              })
              printed.push({
                line,
                code: ended.code,
                stdout: normalizer.text(ended.stdout),
                stderr: normalizer.text(ended.stderr),
              })
            }
            return printed
          } finally {
            await server.close()
          }
        }
      },
      120_000,
    )
  })
})
