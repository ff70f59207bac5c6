// Starts `npm run test:faults`: installs what the harness needs, and runs it in a network of its
// own where that is permitted. Options are passed on.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { has, install, mayInstall } from '../../../scripts/debian.mjs'

if (process.env['FAULTS_NAMESPACES'] === undefined) {
  await bringTools()
  process.exitCode = runInNamespace()
} else {
  await import('./main.js')
}

async function bringTools(): Promise<void> {
  const isThere: Readonly<Record<string, boolean>> = {
    'etcd-server': has('etcd'),
    'etcd-client': has('etcdctl'),
    strace: has('strace'),
    iproute2: has('ip'),
    faketime: ['x86_64', 'aarch64'].some((machine) =>
      existsSync(`/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`),
    ),
    postgresql: existsSync('/usr/lib/postgresql'),
  }
  const missing = Object.keys(isThere).filter((name) => isThere[name] !== true)
  if (missing.length === 0) return
  if (!mayInstall()) {
    console.log(
      `Not all faults are possible without ${missing.join(', ')}: on Debian, run ` +
        `'apt-get update && apt-get install ${missing.join(' ')}' as root.`,
    )
  } else if ((await install(missing)) !== 0) {
    console.log(`Not all faults are possible: ${missing.join(', ')} could not be installed.`)
  }
}

/**
 * Starts this program again with a network and mounts of its own, so that both vanish with it.
 * Returns the exit code.
 */
function runInNamespace(): number {
  const node = [process.execPath, '--enable-source-maps', ...process.argv.slice(1)]
  const prepare = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up'
  const unshare = ['--net', '--mount', 'sh', '-c']
  const may =
    process.getuid?.() === 0 &&
    has('unshare') &&
    spawnSync('unshare', [...unshare, prepare], { stdio: 'ignore' }).status === 0
  const args = [...unshare, `${prepare} && exec "$@"`, 'sh', ...node]
  const { status, signal } = spawnSync(
    may ? 'unshare' : process.execPath,
    may ? args : node.slice(1),
    {
      stdio: 'inherit',
      env: { ...process.env, FAULTS_NAMESPACES: may ? '1' : '0' },
    },
  )
  if (signal !== null) console.error(`the harness was ended by ${signal}`)
  return status ?? 1
}
