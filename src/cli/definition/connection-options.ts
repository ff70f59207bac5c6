// The flags and variables of etcdctl that say which etcd to use, and how to sign in.

import type { OptionSpec } from './command-spec.js'

export const connectionOptions: readonly OptionSpec[] = [
  {
    flags: '--endpoints <addresses>',
    description: 'addresses of all etcd members, separated by commas',
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
    description: 'etcd user',
    variable: 'ETCDCTL_USER',
  },
  {
    flags: '--password <password>',
    description:
      'password of that user; prefer the variable, because other users can see command lines',
    variable: 'ETCDCTL_PASSWORD',
  },
  {
    flags: '--command-timeout <duration>',
    description: 'how long a request to etcd may take in all, like 5s or 500ms',
    variable: 'ETCDCTL_COMMAND_TIMEOUT',
    byDefault: '5s',
  },
]
