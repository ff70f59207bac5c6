// From a put to the event of an open watch, the lower bound of any takeover: over this library's
// transport alone, and over Go's.

import { create } from '@bufbuild/protobuf'
import type { BenchCase } from '../case.js'
import type { Contender } from '../contender.js'
import { connect, KV, PutRequestSchema, Watch, WatchRequestSchema } from '../transport.js'
import type { World } from '../world.js'

const metadata = {}

async function ours(world: World): Promise<Contender> {
  const [writer, watcher] = [connect(world.member), connect(world.member)]
  const key = Buffer.from(world.name())
  let told: () => void = () => undefined
  const next = (): Promise<void> => new Promise((resolve) => (told = resolve))
  const created = next()
  const stream = watcher.duplex(Watch.method.watch, metadata, {
    message: () => {
      told()
    },
    closed: () => undefined,
  })
  const requestUnion = { case: 'createRequest' as const, value: { key } }
  stream.send(create(WatchRequestSchema, { requestUnion }))
  await created
  const put = create(PutRequestSchema, { key, value: Buffer.from('web-1') })
  let putting: Promise<unknown> | undefined
  return {
    act() {
      const event = next()
      putting = writer.unary(KV.method.put, put, { metadata, timeoutMs: 10_000 })
      return event
    },
    after: () => putting,
    close() {
      writer.close()
      watcher.close()
    },
  }
}

async function go(world: World): Promise<Contender | undefined> {
  const ask = await world.go()
  return ask && { act: () => ask({ do: 'watch', prefix: world.name() }) }
}

export const cases: readonly BenchCase[] = [
  {
    title: 'raw put, to the event of a watch',
    restMs: 150,
    contenders: { 'our transport': ours, Go: go },
  },
]
