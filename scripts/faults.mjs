// `npm run test:faults`: brings what the fault harness needs and runs it, which is TypeScript. Options are passed on.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { has, install, mayInstall } from './debian.mjs'

const self = fileURLToPath(import.meta.url)
process.chdir(fileURLToPath(new URL('..', import.meta.url)))

if (process.env.FAULTS_NAMESPACES === undefined) {
  await bringTools()
  process.exit(runInNamespace())
}
const { runnerImport } = await import('vite')
await runnerImport('./test/faults/main.ts', {
  configFile: false,
  logLevel: 'error',
  // Node 20 does not know `using`.
  esbuild: { target: 'es2023' },
})

async function bringTools() {
  const isThere = {
    'etcd-server': has('etcd'),
    'etcd-client': has('etcdctl'),
    strace: has('strace'),
    iproute2: has('ip'),
    faketime: ['x86_64', 'aarch64'].some((machine) =>
      existsSync(`/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`),
    ),
    postgresql: existsSync('/usr/lib/postgresql'),
  }
  const missing = Object.keys(isThere).filter((name) => !isThere[name])
  if (missing.length === 0) return
  if (!mayInstall()) {
    console.log(
      `Not all faults are possible without ${missing.join(', ')}: on Debian, run 'apt-get update && apt-get install ${missing.join(' ')}' as root.`,
    )
  } else if ((await install(missing)) !== 0) {
    console.log(`Not all faults are possible: ${missing.join(', ')} could not be installed.`)
  }
}

/** In a network and with mounts of its own, so that what it makes of both is gone when it is. Returns the exit code. */
function runInNamespace() {
  const node = [process.execPath, '--enable-source-maps', self, ...process.argv.slice(2)]
  const prepare = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up'
  const own = ['unshare', '--net', '--mount']
  const may =
    process.getuid?.() === 0 &&
    has('unshare') &&
    spawnSync(own[0], [...own.slice(1), 'sh', '-c', prepare], { stdio: 'ignore' }).status === 0
  const [command, ...args] = may
    ? [...own, 'sh', '-c', `${prepare} && exec "$@"`, 'sh', ...node]
    : node
  const { status, signal } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, FAULTS_NAMESPACES: may ? '1' : '0' },
  })
  if (signal !== null) console.error(`the harness was ended by ${signal}`)
  return status ?? 1
}
