// The client: it puts the parts of this folder together.

import { type ChannelCredentials, credentials } from '@grpc/grpc-js'
import { clusterAccessOf } from './access.js'
import { EtcdApi } from './api.js'
import { Batcher } from './txn/batcher.js'
import { Calls } from './cluster/calls.js'
import { Members } from './cluster/members.js'
import { GrpcTransport } from './wire/grpc.js'
import { type EtcdOptions, resolveEtcdOptions, type TlsOptions, withEnv } from './options.js'
import { SignIn } from './cluster/sign-in.js'
import { Streams } from './cluster/streams.js'
import type { TransportFactory } from './wire/transport.js'
import { SharedWatchStream } from './watch/shared-watch-stream.js'

/**
 * A client of one etcd cluster. Its sessions, candidates and observers share its connections and
 * one watch stream.
 *
 * The constructor does no I/O; the first use connects. The client leaves a member that is down,
 * hung or cut off from its cluster for another one. Each call ends within `callTimeoutMs`.
 *
 * @example
 * const etcd = new Etcd({ endpoints: ['http://127.0.0.1:2379'] })
 * const candidate = new Candidate(etcd, { election: 'nightly-report', name: 'web-1', ttl: 5 })
 * // …
 * await candidate.close()
 * await etcd.close()
 */
export class Etcd {
  /** @internal */
  readonly api: EtcdApi

  /** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
  constructor(options: EtcdOptions) {
    const resolved = resolveEtcdOptions(options)
    const { endpoints, clock, random, attemptTimeoutMs, callTimeoutMs } = resolved
    const make = resolved.transport ?? grpcTransports(resolved.tls)
    const members = new Members(endpoints, make, clock, random)
    const signIn = new SignIn(resolved.credentials)
    const streams = new Streams(signIn, attemptTimeoutMs)
    const calls = new Calls({ members, signIn, clock, random, attemptTimeoutMs, callTimeoutMs })
    const hasRights = resolved.credentials !== undefined || resolved.tls?.cert !== undefined
    const batcher = new Batcher({ calls, clock, callTimeoutMs, hasRights })
    const watches = new SharedWatchStream({ members, streams, signIn, clock, random })
    this.api = new EtcdApi({
      ...{ clock, random, calls, batcher, members, streams, watches },
      ...{ access: clusterAccessOf(resolved), signIn },
    })
  }

  /**
   * Makes a client from the environment variables of etcdctl: `ETCDCTL_ENDPOINTS` (default
   * `127.0.0.1:2379`), `ETCDCTL_CACERT`, `ETCDCTL_CERT`, `ETCDCTL_KEY`, `ETCDCTL_USER` (`name` or
   * `name:password`), `ETCDCTL_PASSWORD`.
   *
   * @param options what the variables do not say. An option wins over its variable.
   * @throws InvalidArgumentError naming the first option that is unknown, or the variable or option
   * that is wrong.
   */
  static fromEnv(options: Partial<EtcdOptions> = {}): Etcd {
    return new Etcd(withEnv(options, process.env))
  }

  /**
   * Closes all connections at once. Calls that still wait reject with {@link ClosedError}, and
   * terms end. Leases of sessions that were not closed before run out by themselves. May be called
   * more than once.
   */
  close(): Promise<void> {
    this.api.close()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** @internal */
export function grpcTransports(tls: TlsOptions | undefined): TransportFactory {
  const secure = (): ChannelCredentials =>
    credentials.createSsl(asBuffer(tls?.ca), asBuffer(tls?.key), asBuffer(tls?.cert))
  return (endpoint) =>
    new GrpcTransport(endpoint, endpoint.tls ? secure() : credentials.createInsecure())
}

function asBuffer(pem: string | Buffer | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem)
}
