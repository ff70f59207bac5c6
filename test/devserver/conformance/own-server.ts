// Starts servers for a single case, with or without auth enabled.

import type { ServerOptions } from './servers.js'
import { prefixEnd, type Subject } from './subject.js'
import { RawEtcd } from './raw/etcd.js'
import { Permission_Type as Right } from '../../../src/etcd/wire/gen/authpb_pb.js'

export interface AuthClients {
  readonly anonymous: RawEtcd
  readonly root: RawEtcd
  /** Has the role `app`: may read and write `app/…`, read `r`, write `w`, and read `zz` onwards. */
  readonly ann: RawEtcd
  /** Creates a client that sends this metadata with every call. */
  readonly connect: (metadata: Readonly<Record<string, string>>) => RawEtcd
  /** Signs the user in and creates a client with its token. */
  readonly login: (name: string, password: string) => Promise<RawEtcd>
}

/** Runs a case on a new server of the same kind. */
export async function withServer(
  subject: Subject,
  work: (server: { etcd: RawEtcd; endpoint: string }) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const server = await subject.kind.start(options)
  const etcd = new RawEtcd(server.endpoint)
  try {
    await work({ etcd, endpoint: server.endpoint })
  } finally {
    etcd.close()
    await server.close()
  }
}

/** Runs a case on a new server with auth enabled. The passwords: root has `r`, ann has `a`. */
export async function withAuth(
  subject: Subject,
  work: (clients: AuthClients) => Promise<void>,
): Promise<void> {
  await withServer(subject, async ({ etcd, endpoint }) => {
    const { auth } = etcd
    await etcd.call(auth.userAdd, { name: 'root', password: 'r' })
    await etcd.call(auth.roleAdd, { name: 'root' })
    await etcd.call(auth.userGrantRole, { user: 'root', role: 'root' })
    await etcd.call(auth.userAdd, { name: 'ann', password: 'a' })
    await etcd.call(auth.roleAdd, { name: 'app' })
    await etcd.call(auth.userGrantRole, { user: 'ann', role: 'app' })
    for (const perm of [
      { permType: Right.READWRITE, key: 'app/', rangeEnd: prefixEnd('app/') },
      { permType: Right.READ, key: 'r' },
      { permType: Right.WRITE, key: 'w' },
      { permType: Right.READ, key: 'zz', rangeEnd: '\0' },
    ]) {
      await etcd.call(auth.roleGrantPermission, { name: 'app', perm })
    }
    await etcd.call(auth.authEnable, {})
    const opened: RawEtcd[] = []
    const connect = (metadata: Readonly<Record<string, string>>) => {
      const client = new RawEtcd(endpoint, metadata)
      opened.push(client)
      return client
    }
    const login = async (name: string, password: string) => {
      const { token = '' } = await etcd.call(auth.authenticate, { name, password })
      return connect({ token })
    }
    try {
      const root = await login('root', 'r')
      const ann = await login('ann', 'a')
      await work({ anonymous: etcd, root, ann, connect, login })
    } finally {
      for (const client of opened) client.close()
    }
  })
}
