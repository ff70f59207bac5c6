// Switches authentication on in an etcd of the tests.

import type { EtcdProcess } from './etcd.js'

export interface User {
  readonly name: string
  readonly password: string
  /** The prefix that the user may read and write. Default: the user has no rights. */
  readonly prefix?: string
}

export const root = { name: 'root', password: 'secret' } as const

/**
 * Adds root and the users, and switches authentication on: etcdctl then needs `--user=root:secret`.
 */
export async function enableAuth(etcd: EtcdProcess, users: readonly User[] = []): Promise<void> {
  const steps = [
    ['role', 'add', 'root'],
    ['user', 'add', `${root.name}:${root.password}`],
    ['user', 'grant-role', root.name, 'root'],
    ...users.flatMap(({ name, password, prefix }) => [
      ['user', 'add', `${name}:${password}`],
      ...(prefix === undefined
        ? []
        : [
            ['role', 'add', `role-of-${name}`],
            ['role', 'grant-permission', `role-of-${name}`, '--prefix=true', 'readwrite', prefix],
            ['user', 'grant-role', name, `role-of-${name}`],
          ]),
    ]),
    ['auth', 'enable'],
  ]
  for (const step of steps) {
    const { code, stderr } = await etcd.etcdctl(...step)
    if (code !== 0) throw new Error(`etcdctl ${step.join(' ')}: ${stderr}`)
  }
}
