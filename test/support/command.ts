// Runs a program to its end, and returns its output.

import { execFile } from 'node:child_process'

export interface Output {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/**
 * Resolves with any exit code; rejects when the program does not start, or when a signal ends it.
 */
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
