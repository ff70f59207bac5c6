// Says how a client connects to its cluster, as plain data that another process or thread can take.

import { resolve } from 'node:path'
import type { Endpoint } from './wire/endpoint.js'
import type { ResolvedEtcdOptions } from './options.js'

export interface ClusterAccess {
  readonly endpoints: readonly Endpoint[]
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  readonly credentials: { readonly user: string; readonly password: string } | undefined
  readonly attemptTimeoutMs: number
  readonly callTimeoutMs: number
}

/** Undefined when the client has its own `transport`: a function cannot be sent to a process. */
export function clusterAccessOf(options: ResolvedEtcdOptions): ClusterAccess | undefined {
  if (options.transport !== undefined) return undefined
  const { endpoints, tls, credentials, attemptTimeoutMs, callTimeoutMs } = options
  return {
    endpoints: endpoints.map(withAbsolutePath),
    tls: tls && {
      ...(tls.ca !== undefined && { ca: tls.ca.toString() }),
      ...(tls.cert !== undefined && { cert: tls.cert.toString() }),
      ...(tls.key !== undefined && { key: tls.key.toString() }),
    },
    credentials,
    attemptTimeoutMs,
    callTimeoutMs,
  }
}

/** Another process may have another working directory, so a socket's path must be absolute. */
function withAbsolutePath({ url, target, tls }: Endpoint): Endpoint {
  const path = /^unix:(.*)$/.exec(target)?.[1]
  return { url, target: path === undefined ? target : `unix:${resolve(path)}`, tls }
}
