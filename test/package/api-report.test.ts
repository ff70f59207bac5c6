// `npm run api:check` fails when, and only when, the public API of a package has changed. The
// package is a small one made here; the report of ours is in api/.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Output, run } from '../support/command.js'

const script = fileURLToPath(new URL('../../scripts/api.mjs', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'etcd-elect-api-'))

const index = "export { Door, Room } from './house.js'"
const key = 'export interface Key { readonly teeth: number }'
const house = `import type { Key } from './key.js'
export class Room {}
export class Door {
  /** @internal */
  hinges = 2
  open(key: Key): boolean { return key.teeth > 0 }
}`

beforeAll(async () => {
  const entry = { types: './dist/index.d.ts', default: './dist/index.js' }
  const manifest = { name: 'house', type: 'module', exports: { '.': entry } }
  const compilerOptions = {
    ...{ module: 'NodeNext', rootDir: 'src', lib: ['ES2023'], types: [] },
    ...{ declaration: true, stripInternal: true },
  }
  write('package.json', JSON.stringify(manifest))
  write('tsconfig.build.json', JSON.stringify({ compilerOptions, include: ['src'] }))
  write('src/index.ts', index)
  write('src/house.ts', house)
  write('src/key.ts', key)
  const { code, stderr } = await api()
  expect(code, stderr).toBe(0)
}, 120_000)
afterAll(() => {
  rmSync(project, { recursive: true })
})

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true })
  writeFileSync(join(project, file), text)
}

function api(...args: string[]): Promise<Output> {
  return run(process.execPath, [script, ...args], { cwd: project })
}

test('another file for a type, and another internal member, are no change', async () => {
  rmSync(join(project, 'src/key.ts'))
  write('src/metal/keys.ts', key)
  write('src/house.ts', house.replace('./key.js', './metal/keys.js').replace('hinges', 'bolts'))
  const { code, stderr } = await api('--check')
  expect(code, stderr).toBe(0)
})

test('what changed is shown, also of a type that is not exported', async () => {
  write('src/index.ts', index.replace(', Room', '') + "\nexport type { Room } from './house.js'")
  write('src/house.ts', house.replace('open(key: Key)', 'open(key: Key, wide = false)'))
  write('src/key.ts', key.replace('number', 'bigint'))
  const { code, stderr } = await api('--check')
  expect(code).toBe(1)
  expect(stderr.split('\n').filter((line) => /^[-+] *\S/.test(line))).toEqual([
    '--- api/house.api.md',
    '+++ what src/ exports',
    '-  open(key: Key): boolean;',
    '+  open(key: Key, wide?: boolean): boolean;',
    '-  readonly teeth: number;',
    '+  readonly teeth: bigint;',
    '+// Only the type can be imported.',
  ])
  expect(stderr).toContain("run 'npm run api'")
})
