/** Where npm and vitest start their programs, and scripts/run.mjs runs them: above dist/. */
export const root = process.cwd()
