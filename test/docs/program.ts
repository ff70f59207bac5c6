// Runs a snippet as a program of its own.

import { spawn } from 'node:child_process'

export interface Run {
  readonly code: number | null
  readonly output: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Once the program has written this, it gets SIGTERM. */
  readonly stopAfter?: string | undefined
}

/** No snippet takes longer. After this time the program is killed, so that none is left behind. */
const patienceMs = 20_000

export function runProgram(file: string, { cwd, env, stopAfter }: RunOptions): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { cwd, env: { ...process.env, ...env } })
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    let output = ''
    let isStopped = false
    const heard = (chunk: Buffer): void => {
      output += chunk.toString()
      if (isStopped || stopAfter === undefined || !output.includes(stopAfter)) return
      // Once only: a snippet that needs a second SIGTERM is wrong.
      isStopped = true
      child.kill('SIGTERM')
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, output })
    })
  })
}
