// Which servers are compared, and by which etcdctl: Debian's, and the newest that was built here.

import { realServers, type ServerKind } from '../conformance/servers.js'
import { binariesOf, builtVersions, isAvailable } from '../support/versions.js'

const newest = builtVersions.filter(isAvailable).at(-1)

export const tools: readonly { version: string; command: string }[] = [
  'debian',
  ...(newest === undefined ? [] : [newest]),
].map((version) => ({
  version: version === 'debian' ? 'of Debian' : version,
  command: binariesOf(version).etcdctl,
}))

export const servers: readonly ServerKind[] = realServers

const [one, ...others] = servers

export const pairs: readonly { one: ServerKind; other: ServerKind }[] =
  one === undefined ? [] : others.map((other) => ({ one, other }))
