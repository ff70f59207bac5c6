// How a subject is told what to do: one JSON object a line on stdin, one answer a line on stdout; an empty answer first,
// when it is ready. bench/go/main.go speaks the same. It must not know what is done.
import { createInterface } from 'node:readline'

/** @param handlers what can be done, by name; each is given the command and resolves with the answer. */
export async function serve(handlers) {
  const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)
  tell({})
  for await (const line of createInterface(process.stdin)) {
    const command = JSON.parse(line)
    try {
      const handle = handlers[command.do]
      if (handle === undefined) throw new Error(`do: expected something to do, got ${command.do}`)
      tell((await handle(command)) ?? {})
    } catch (error) {
      tell({ error: String(error) })
    }
  }
  process.exit()
}

/** Milliseconds since 1970, finer than Date.now(). */
export function timeOfDay() {
  return performance.timeOrigin + performance.now()
}

/** Leaves what is used and nothing else. */
export function rest() {
  globalThis.gc?.()
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20 }
}

/** Milliseconds that it takes. */
export async function timed(act) {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}
