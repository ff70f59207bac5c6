// Every snippet of JavaScript in the pages and in the public doc comments runs to its end without
// an error, on the built package and a real etcd.
//
// A snippet with an import is a program. One without is a part of a program, and gets what `before`
// makes. A comment `<!-- test: … -->` above a snippet adds conditions:
//   until "text"    once it has written this text, it is asked to end
//   prints "text"   it writes this text
//   with tls        etcd takes TLS only; ca.pem, client.pem and client-key.pem lie beside it

import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DevServer } from '../../src/devserver/index.js'
import * as library from '../../src/index.js'
import { type Certificates, makeCertificates } from '../support/certificates.js'
import { run } from '../support/command.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { type InstalledPackage, installPackage } from './package.js'
import { examples, type Fence, fences, pages, read, root } from './pages.js'
import { runProgram } from './program.js'

/** The snippets of this page are test files; testing.test.ts runs them with their test runners. */
const runElsewhere = ['docs/testing.md']

const plainEndpoint = 'http://127.0.0.1:2379'
const tlsEndpoint = 'https://127.0.0.1:2379'

const before = `import { ${Object.keys(library).join(', ')} } from 'etcd-elect'
const etcd = new Etcd({ endpoints: '${plainEndpoint}' })
const session = new Session(etcd, { ttl: 5 })
const candidate = new Candidate(etcd, { election: 'docs', name: 'web-1', ttl: 5 })
const leadership = await candidate.campaign()
const observer = new Observer(etcd, { election: 'docs' })
await observer.start()
const shutdown = new AbortController()
setTimeout(() => shutdown.abort(), 500).unref()
const ids = ['red', 'blue']
const report = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve))
const writeOnce = () => leadership.resign()
await (async () => {
`
const after = `
})()
await observer.stop()
await candidate.close()
await session.close()
await etcd.close()
`

const shown = pages()
  .filter((page) => !runElsewhere.includes(page))
  .flatMap((page) => fences(page))
  .filter(({ language }) => ['js', 'mjs', 'javascript', 'ts', 'typescript'].includes(language))
const inComments = [
  'candidate/candidate',
  'candidate/leadership',
  'observer',
  'session/session',
  'etcd/client',
  'shutdown',
  'testing/test-etcd',
].flatMap((name) => examples(`src/${name}.ts`))
const snippets = [...shown, ...inComments]

let installed: InstalledPackage
beforeAll(() => {
  installed = installPackage()
}, 120_000)
afterAll(() => {
  installed.remove()
})

test('snippets are found, and none is in a language that is not run', () => {
  expect(shown.some(({ page }) => page === 'README.md')).toBe(true)
  expect(inComments).toHaveLength(7)
  expect(snippets.filter(({ language }) => language !== 'js')).toEqual([])
})

describe('on plain etcd', () => {
  let server: EtcdProcess
  beforeAll(async () => {
    server = await startEtcd()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test.each(titled(snippets.filter(({ directive }) => directive !== 'with tls')))(
    '%s runs',
    async (_, snippet) => {
      await expectToRun(snippet, (code) => code.replaceAll(plainEndpoint, server.endpoint))
    },
  )
})

describe('on etcd with TLS', () => {
  let server: EtcdProcess
  let certificates: Certificates
  beforeAll(async () => {
    certificates = makeCertificates()
    const { caFile, certFile, keyFile, client: clientCert } = certificates
    server = await startEtcd({ tls: { caFile, certFile, keyFile, clientCert } })
    cpSync(caFile, join(installed.dir, 'ca.pem'))
    cpSync(clientCert.certFile, join(installed.dir, 'client.pem'))
    cpSync(clientCert.keyFile, join(installed.dir, 'client-key.pem'))
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    certificates.remove()
  })

  test.each(titled(snippets.filter(({ directive }) => directive === 'with tls')))(
    '%s runs',
    async (_, snippet) => {
      await expectToRun(snippet, (code) => code.replaceAll(tlsEndpoint, server.endpoint))
    },
  )
})

describe('the README', () => {
  const [example] = shown.filter(({ page }) => page === 'README.md')

  test('has less than 130 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThan(130)
  })

  test('begins with an example of at most 15 lines', () => {
    expect(example?.code.split('\n').length).toBeLessThanOrEqual(15)
  })

  test('has an example that is TypeScript too', async () => {
    writeFileSync(join(installed.dir, 'readme.mts'), example?.code ?? 'nothing')
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const strict = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext']
    const args = [
      tsc,
      ...strict,
      '--types',
      'node',
      '--skipLibCheck',
      '--ignoreConfig',
      'readme.mts',
    ]
    const { code, stdout } = await run(process.execPath, args, { cwd: installed.dir })
    expect(stdout).toBe('')
    expect(code).toBe(0)
  })

  test('has an example that runs on the devserver too', async () => {
    expect(example).toBeDefined()
    if (example === undefined) return
    await using server = await DevServer.start({ log: () => undefined })
    await expectToRun(example, (code) => code.replaceAll(plainEndpoint, server.endpoint))
  })
})

function titled(fences: readonly Fence[]): [string, Fence][] {
  return fences.map((fence) => [`${fence.page}:${String(fence.line)}`, fence])
}

async function expectToRun(snippet: Fence, here: (code: string) => string): Promise<void> {
  const { page, line, directive } = snippet
  const program = /^import /m.test(snippet.code) ? snippet.code : `${before}${snippet.code}${after}`
  const name = `${page.replaceAll(/\W/g, '-')}-${String(line)}.mjs`
  const file = join(installed.dir, name)
  writeFileSync(file, here(program))
  const [, how, text] = /^(until|prints) "(.*)"$/.exec(directive ?? '') ?? []
  const { code, output } = await runProgram(file, {
    cwd: installed.dir,
    env: { ETCDCTL_ENDPOINTS: here(plainEndpoint) },
    stopAfter: how === 'until' ? text : undefined,
  })
  expect(code, output).toBe(0)
  expect(output).toContain(text ?? '')
}
