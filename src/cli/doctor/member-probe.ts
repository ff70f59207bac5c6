// One member of etcd, asked alone: a client of the library would go to another one. It must not know what is made of it.

import { create } from '@bufbuild/protobuf'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import {
  AlarmRequestSchema,
  type AlarmResponse,
  Calls,
  Members,
  type Endpoint,
  grpcTransports,
  Maintenance,
  type ResolvedEtcdOptions,
  SignIn,
  StatusRequestSchema,
  type StatusResponse,
  systemClock,
} from '../library.js'

export class MemberProbe {
  readonly endpoint: Endpoint
  readonly #members: Members
  readonly #calls: Calls
  readonly #options: ResolvedEtcdOptions

  constructor(endpoint: Endpoint, options: ResolvedEtcdOptions) {
    const { tls, credentials, callTimeoutMs, random } = options
    this.endpoint = endpoint
    this.#options = options
    this.#members = new Members([endpoint], grpcTransports(tls), systemClock, random)
    this.#calls = new Calls({
      members: this.#members,
      signIn: new SignIn(credentials),
      clock: systemClock,
      random,
      attemptTimeoutMs: callTimeoutMs,
      callTimeoutMs,
    })
  }

  status(signal: AbortSignal): Promise<StatusResponse> {
    return this.#calls.unary(Maintenance.method.status, create(StatusRequestSchema), { signal })
  }

  alarms(signal: AbortSignal): Promise<AlarmResponse> {
    return this.#calls.unary(Maintenance.method.alarm, create(AlarmRequestSchema), { signal })
  }

  /** By how much its wall clock is ahead of ours, to about a second; undefined when it does not say. */
  async clockAheadMs(signal: AbortSignal): Promise<number | undefined> {
    const { target, tls } = this.endpoint
    if (target.startsWith('unix:')) return undefined
    const { ca, cert, key } = this.#options.tls ?? {}
    const url = new URL('/version', `${tls ? 'https' : 'http'}://${target}`)
    const options = { signal, timeout: 5_000, ca, cert, key, agent: false }
    return new Promise((resolve) => {
      const ask = (tls ? httpsRequest : httpRequest)(url, options, (response) => {
        response.resume()
        const date = Date.parse(response.headers.date ?? '')
        // Cut off at whole seconds.
        resolve(Number.isNaN(date) ? undefined : date + 500 - Date.now())
      })
      ask.on('error', () => {
        resolve(undefined)
      })
      ask.on('timeout', () => ask.destroy())
      ask.end()
    })
  }

  close(): void {
    this.#calls.close()
    this.#members.close()
  }
}
