// Finds the etcds on this host: Debian's, and newer ones that scripts/go-programs.mjs has built.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { whyMissing } from './built.js'

export interface Binaries {
  readonly etcd: string
  readonly etcdctl: string
}

const root = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'etcd-elect')

/** The newer releases that the tests run on. */
export const builtVersions: readonly string[] = Object.values(
  // From where npm and vitest start their programs: this may be part of a bundle.
  JSON.parse(readFileSync('test/support/etcd-versions.json', 'utf8')) as Record<string, string>,
)

/** `debian` stands for the etcd and etcdctl on the PATH. */
export function binariesOf(version: string): Binaries {
  if (version === 'debian') return { etcd: 'etcd', etcdctl: 'etcdctl' }
  const dir = join(root, `etcd-${version}`)
  return { etcd: join(dir, 'etcd'), etcdctl: join(dir, 'etcdctl') }
}

export function isAvailable(version: string): boolean {
  return whyNot(version) === undefined
}

function whyNot(version: string): string | undefined {
  if (version === 'debian') return undefined
  const { etcd, etcdctl } = binariesOf(version)
  return whyMissing(etcd) ?? whyMissing(etcdctl)
}

/** Runs the same tests on every etcd; skips an etcd that is not here, with the reason. */
export function describeVersions(suite: (version: string) => void): void {
  for (const version of ['debian', ...builtVersions]) describeVersion(version, suite)
}

/** Runs tests on the newest etcd, where all of them would take too long for `npm test`. */
export function describeNewest(suite: (version: string) => void): void {
  describeVersion(builtVersions.at(-1) ?? 'debian', suite)
}

function describeVersion(version: string, suite: (version: string) => void): void {
  const name = version === 'debian' ? 'etcd of Debian' : `etcd ${version}`
  const reason = whyNot(version)
  const title = reason === undefined ? name : `${name}: ${reason}`
  describe.skipIf(reason !== undefined)(title, () => {
    suite(version)
  })
}
