// Runs what a page shows, as a program of its own. It must not know which page.

import { spawn } from 'node:child_process'

export interface Run {
  readonly code: number | null
  readonly output: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** When the program has written this, it is asked to end, as by an operator. */
  readonly stopAfter?: string | undefined
}

/** No snippet takes longer, and none may stay behind. */
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
      // Once: a second time means that it did not listen.
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
