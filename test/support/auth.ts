// Turns authentication on. It must not know what the users may be used for.

import type { EtcdProcess } from './etcd.js'

export interface User {
  readonly name: string
  readonly password: string
  /** May read and write what begins with this, and nothing else. Default: no rights at all. */
  readonly prefix?: string
}

export const root = { name: 'root', password: 'secret' } as const

/** From then on etcdctl has to be given `--user=root:secret`, too. */
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
