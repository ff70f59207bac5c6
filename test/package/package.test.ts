// The package as users get it from the registry: built, packed, installed in an empty project,
// imported, required and type-checked.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as library from '../../src/index.js'
import { type Output, run } from '../support/command.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-package-'))
const source = join(dir, 'source')
const project = join(dir, 'project')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin: { readonly elect: string }
  readonly man: string
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const tarball = join(source, `${manifest.name}-${manifest.version}.tgz`)

/** Returns a program's output; throws its error output when it fails. */
async function succeed(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { cwd })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`)
  return stdout
}

const tool = (name: string): string => join(root, 'node_modules', '.bin', name)

/** Builds in a copy, apart from other builds at the same time. */
async function pack(): Promise<void> {
  cpSync(join(root, 'src'), join(source, 'src'), { recursive: true })
  cpSync(join(root, 'scripts'), join(source, 'scripts'), { recursive: true })
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile()) cpSync(join(root, entry.name), join(source, entry.name))
  }
  cpSync(join(root, 'docs'), join(source, 'docs'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
  await succeed(source, 'npm', 'run', 'build')
  await succeed(source, 'npm', 'pack')
}

/**
 * Installs from the registry or npm's cache. Without either, unpacks the package beside the
 * dependencies that the tests run on.
 */
async function install(): Promise<void> {
  const modules = join(project, 'node_modules')
  mkdirSync(modules, { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true }))
  const quick = ['--prefer-offline', '--no-audit', '--no-fund']
  const brief = ['--fetch-retries=0', '--fetch-timeout=20000']
  const installed = await run('npm', ['install', ...quick, ...brief, tarball], { cwd: project })
  if (installed.code === 0) return
  if (!isRegistryAway(installed)) throw new Error(`npm install failed:\n${installed.stderr}`)
  mkdirSync(join(modules, manifest.name))
  const to = ['-C', join(modules, manifest.name), '--strip-components=1']
  await succeed(project, 'tar', '-xzf', tarball, ...to)
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
}

function isRegistryAway({ stderr }: Output): boolean {
  return /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH|429|5\d\d)\b|ERR_SOCKET_TIMEOUT|network timeout/.test(
    stderr,
  )
}

beforeAll(async () => {
  await pack()
  await install()
}, 120_000)

afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

describe('the package', () => {
  test('holds the built library, its types and its documents, and nothing else', async () => {
    const files = (await succeed(source, 'tar', '-tzf', tarball)).trim().split('\n')
    const known =
      /^package\/(dist\/.+(\.js|\.d\.ts)|dist\/cli\/elect\.1|docs\/.+\.md|package\.json|LICENSE|(README|CHANGELOG)\.md)$/
    expect(files.filter((file) => !known.test(file))).toEqual([])
    expect(files).toContain('package/dist/index.js')
    expect(files).toContain('package/dist/index.d.ts')
    expect(files).toContain('package/LICENSE')
    expect(files.filter((file) => /test\.|fixture|\.map$/.test(file))).toEqual([])
  })

  test('depends on two packages', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['@bufbuild/protobuf', '@grpc/grpc-js'])
  })

  test('passes publint, warnings included', async () => {
    expect(await succeed(source, tool('publint'), '--strict', tarball)).toContain('All good!')
  })

  test('has types that resolve wherever modules do', async () => {
    // The rule warns of require() of a module, which Node.js cannot do before 20.19.
    const resolved = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm']
    // It fails when it finds problems.
    expect(await succeed(source, tool('attw'), tarball, ...resolved)).toContain('node16 (from CJS)')
  })
})

describe('in an empty project', () => {
  const entries = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'))
  const names = Object.keys(library).toSorted()

  test('it is installed together with its two dependencies', () => {
    const { dependencies } = JSON.parse(
      readFileSync(join(project, 'node_modules', manifest.name, 'package.json'), 'utf8'),
    ) as Manifest
    expect(dependencies).toEqual(manifest.dependencies)
    for (const name of Object.keys(dependencies)) {
      expect(existsSync(join(project, 'node_modules', name, 'package.json'))).toBe(true)
    }
  })

  /** Loads the package, prints the names that it exports, and makes a client. */
  const program = (load: string): string => `
    ${load}
    const etcd = new library.Etcd({ endpoints: 'http://127.0.0.1:1' })
    const candidate = new library.Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    candidate.close().then(() => etcd.close()).then(() => {
      console.log(JSON.stringify(Object.keys(library).sort()))
    })`

  test('its command is there, says what it is, and has a man page that man can read', async () => {
    const elect = join(project, 'node_modules', '.bin', 'elect')
    if (!existsSync(elect)) {
      // The package was unpacked by hand, so npm has not made this link.
      mkdirSync(dirname(elect), { recursive: true })
      symlinkSync(join('..', manifest.name, manifest.bin.elect), elect)
    }
    expect(await succeed(project, elect, '--version')).toBe(`${manifest.version}\n`)
    expect(await succeed(project, elect, 'completion', 'bash')).toContain(
      'complete -F _elect elect',
    )
    const page = readFileSync(join(project, 'node_modules', manifest.name, manifest.man), 'utf8')
    expect(page).toMatch(/^\.TH ELECT 1 /)
  })

  test('its command brings its argument parser and depends on grpc-js alone', () => {
    const cli = join(project, 'node_modules', manifest.name, 'dist', 'cli')
    const imported = readdirSync(cli)
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [
        ...readFileSync(join(cli, file), 'utf8').matchAll(
          /(?:\bfrom|\bimport\(|\bimport) ?["']([^"'.][^"']*)["']/g,
        ),
      ])
      .map(([, specifier]) => specifier ?? '')
      .filter((specifier) => !specifier.startsWith('node:'))
    expect([...new Set(imported)]).toEqual(['@grpc/grpc-js'])
    expect(existsSync(join(cli, 'commands'))).toBe(false)
  })

  test('it is imported', async () => {
    const file = join(project, 'imported.mjs')
    writeFileSync(file, program(`import * as library from '${manifest.name}'`))
    expect(JSON.parse(await succeed(project, process.execPath, file))).toEqual(names)
  })

  test('it is required', async () => {
    const file = join(project, 'required.cjs')
    writeFileSync(file, program(`const library = require('${manifest.name}')`))
    const required = JSON.parse(await succeed(project, process.execPath, file)) as string[]
    expect(required.filter((name) => name !== '__esModule')).toEqual(names)
  })

  test.each(entries)('its entry %s is loaded both ways', async (entry) => {
    const specifier = join(manifest.name, entry)
    const load = `import('${specifier}').then(() => require('${specifier}'))`
    expect(await succeed(project, process.execPath, '-e', load)).toBe('')
  })

  test('nothing but its entries can be loaded', async () => {
    const { code, stderr } = await run(
      process.execPath,
      ['-e', `import('${manifest.name}/dist/etcd/api.js')`],
      { cwd: project },
    )
    expect(code).not.toBe(0)
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  test.each([
    ['node16', 'node16', 'consumer.mts'],
    ['bundler', 'esnext', 'consumer.mts'],
    ['nodenext', 'nodenext', 'consumer.cts'],
  ])(
    'a program that uses it is type-checked with the resolution %s',
    async (resolution, module, file) => {
      const code = readFileSync(join(root, 'test', 'package', 'consumer.ts.txt'), 'utf8')
      writeFileSync(join(project, file), code)
      const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2022']
      const libs = ['--lib', 'es2022,esnext.disposable', '--types', 'node']
      const how = ['--module', module, '--moduleResolution', resolution]
      expect(await succeed(project, tool('tsc'), ...strict, ...libs, ...how, file)).toBe('')
    },
  )

  test('a program that uses it wrongly is told so by its types', async () => {
    writeFileSync(
      join(project, 'wrong.mts'),
      `import { Candidate, Etcd, type Leadership } from '${manifest.name}'
      const etcd = new Etcd({ endpoints: [] })
      new Candidate(etcd, { name: 'web-1' })
      etcd.api
      const token = (leadership: Leadership): number => leadership.fencingToken`,
    )
    const how = ['--strict', '--noEmit', '--module', 'node16', '--target', 'es2022']
    const { code, stdout } = await run(tool('tsc'), [...how, '--skipLibCheck', 'wrong.mts'], {
      cwd: project,
    })
    expect(code).not.toBe(0)
    expect(stdout.match(/wrong\.mts\(\d+/g)).toEqual(
      [3, 4, 5].map((line) => `wrong.mts(${String(line)}`),
    )
  })
})
