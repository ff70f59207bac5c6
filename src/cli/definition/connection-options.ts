// The flags and variables that say which etcd, and how to get in: those of etcdctl. It must not know who connects.

import type { CommandSpec, OptionSpec } from './spec.js'

export const connectionOptions: readonly OptionSpec[] = [
  {
    flags: '--endpoints <addresses>',
    description: 'addresses of all members of etcd, with commas between them',
    variable: 'ETCDCTL_ENDPOINTS',
    byDefault: '127.0.0.1:2379',
  },
  {
    flags: '--cacert <file>',
    description: 'trust servers whose certificate is signed by this authority',
    variable: 'ETCDCTL_CACERT',
    isFile: true,
  },
  {
    flags: '--cert <file>',
    description: 'certificate of this client',
    variable: 'ETCDCTL_CERT',
    isFile: true,
  },
  {
    flags: '--key <file>',
    description: 'key of that certificate',
    variable: 'ETCDCTL_KEY',
    isFile: true,
  },
  {
    flags: '--user <name[:password]>',
    description: 'user of etcd',
    variable: 'ETCDCTL_USER',
  },
  {
    flags: '--password <password>',
    description: 'its password; better in the variable, because others can see command lines',
    variable: 'ETCDCTL_PASSWORD',
  },
  {
    flags: '--command-timeout <duration>',
    description: 'how long a request to etcd may take in all, like 5s or 500ms',
    variable: 'ETCDCTL_COMMAND_TIMEOUT',
    byDefault: '5s',
  },
]

const output: OptionSpec = {
  flags: '-o, --output <format>',
  description: 'text for people; json for programs: one object a line, 64-bit integers as strings',
  choices: ['text', 'json'],
  byDefault: 'text',
}

const loudness: readonly OptionSpec[] = [
  {
    flags: '-q, --quiet',
    description: 'say nothing but results and errors',
    conflicts: ['verbose'],
  },
  { flags: '-v, --verbose', description: 'say more about what is going on' },
]

/** What (nearly) all commands have. */
export function commonOptionsOf({ hasResults = true }: CommandSpec): readonly OptionSpec[] {
  return hasResults ? [output, ...loudness] : loudness
}
