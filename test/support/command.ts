// Runs a program to its end. It must not know which.

import { execFile } from 'node:child_process'

export interface Output {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** A failing exit code is a result; a program that cannot be started, or that a signal ended, is an error. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env }
    execFile(command, args, { ...options, env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr, code: 0 })
      else if (typeof error.code === 'number') resolve({ stdout, stderr, code: error.code })
      else reject(new Error(`${command} could not run to its end`, { cause: error }))
    })
  })
}
