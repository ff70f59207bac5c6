// The protocol of a subject: one JSON command a line on stdin, one answer a line on stdout; an
// empty answer first, when it is ready. bench/go/main.go speaks the same.

import { createInterface } from 'node:readline'
import type { Handlers } from './commands.js'

/** @param handlers What can be done, by name; each resolves with the answer. */
export async function serve(handlers: Handlers): Promise<never> {
  const tell = (answer: object): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`)
  const byName = new Map(Object.entries(handlers) as [string, (given: object) => unknown][])
  tell({})
  for await (const line of createInterface(process.stdin)) {
    const command = JSON.parse(line) as { readonly do: string }
    try {
      const handle = byName.get(command.do)
      if (handle === undefined) throw new Error(`do: expected something to do, got ${command.do}`)
      tell(((await handle(command)) as object | undefined) ?? {})
    } catch (error) {
      tell({ error: String(error) })
    }
  }
  return process.exit()
}

/** The only argument of a subject: the etcd that it works with. */
export function endpointGiven(): string {
  const [endpoint] = process.argv.slice(2)
  if (endpoint === undefined) throw new Error('expected the endpoint of an etcd')
  return endpoint
}

/** Milliseconds since 1970, finer than Date.now(). */
export function timeOfDay(): number {
  return performance.timeOrigin + performance.now()
}

/** Collects garbage, so that only memory in use remains. */
export function rest(): { readonly heapMb: number } {
  globalThis.gc?.()
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20 }
}

/** Milliseconds that it takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}
