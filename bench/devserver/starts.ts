// Measures how long a devserver takes to start, as a process and inside one, and how long a file of
// unit tests on it takes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { DevServer } from 'etcd-elect/devserver'
import type { Server } from '../etcd.js'
import { program } from '../program.js'
import { median } from '../stats.js'

const devserver = await program('bench/devserver/process.ts')

/** Starts it as a process. */
export async function startDevserver(): Promise<Server> {
  const child = spawn(process.execPath, [devserver], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    endpoint,
    pid: child.pid,
    settings: [],
    close: async () => {
      child.kill()
      await gone
    },
  }
}

/** Starts it in a running process, as a test does. */
export function startInProcess(): Promise<Pick<Server, 'close'>> {
  return DevServer.start({ log: () => undefined })
}

/** Milliseconds of each start. */
export async function startTimes(
  start: () => Promise<Pick<Server, 'close'>>,
  rounds: number,
): Promise<number[]> {
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now()
    const server = await start()
    tookMs.push(performance.now() - beganMs)
    await server.close()
  }
  return tookMs
}

/** Medians: for the whole file including the start of Node.js, and for one of its ten tests. */
export async function testFileTimes(rounds: number): Promise<{ fileMs: number; testMs: number }> {
  const file = await program('bench/devserver/ten-elections.ts')
  const filesMs: number[] = []
  let testsMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const beganMs = performance.now()
    const child = spawn(process.execPath, ['--test', '--test-reporter=tap', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0 || !/^# pass 10$/m.test(output)) throw new Error(output)
    filesMs.push(performance.now() - beganMs)
    testsMs = [...output.matchAll(/^ {2}duration_ms: ([\d.]+)$/gm)].map(([, ms]) => Number(ms))
  }
  return { fileMs: median(filesMs), testMs: median(testsMs) }
}
