// Installs the Debian packages that the tests need and this host lacks, where that is permitted.
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @param {string} command */
export function has(command) {
  return spawnSync(command, ['--help'], { stdio: 'ignore' }).error === undefined
}

/** Whether packages can be installed here. */
export function mayInstall() {
  return process.getuid?.() === 0 && has('apt-get')
}

/**
 * Resolves with the exit code.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<number>}
 */
export function install(packages) {
  // Waits for the lock: another run may be installing at the same time.
  const lock = join(tmpdir(), 'etcd-elect-apt.lock')
  const child = spawn('flock', [lock, 'sh', 'scripts/apt-install.sh', ...packages], {
    stdio: 'inherit',
  })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.once('exit', (code) => {
      resolve(code ?? 1)
    })
  })
}
