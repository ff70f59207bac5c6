// How a client reaches its cluster, in words that another process or thread can be told. It must not know what for.

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

/** Undefined when the client has a transport of its own, which cannot be put into words. */
export function clusterAccessOf(options: ResolvedEtcdOptions): ClusterAccess | undefined {
  if (options.transport !== undefined) return undefined
  const { endpoints, tls, credentials, attemptTimeoutMs, callTimeoutMs } = options
  return {
    endpoints: endpoints.map(absolute),
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

/** A path may be relative to a directory that another process does not work in. */
function absolute({ url, target, tls }: Endpoint): Endpoint {
  const path = /^unix:(.*)$/.exec(target)?.[1]
  return { url, target: path === undefined ? target : `unix:${resolve(path)}`, tls }
}
