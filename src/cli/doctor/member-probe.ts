// Asks a single member of etcd. An `Etcd` client would move on to another member.

import { create } from '@bufbuild/protobuf'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import {
  AlarmRequestSchema,
  Calls,
  type Endpoint,
  grpcTransports,
  Maintenance,
  Members,
  type ResolvedEtcdOptions,
  SignIn,
  StatusRequestSchema,
  type StatusResponse,
} from '../library.js'

/** The names of etcd's alarms, by their numbers on the wire. */
const alarmNames = ['none', 'NOSPACE', 'CORRUPT']

export class MemberProbe {
  readonly endpoint: Endpoint
  readonly #members: Members
  readonly #calls: Calls
  readonly #options: ResolvedEtcdOptions

  constructor(endpoint: Endpoint, options: ResolvedEtcdOptions) {
    const { tls, credentials, callTimeoutMs, clock, random } = options
    this.endpoint = endpoint
    this.#options = options
    this.#members = new Members([endpoint], grpcTransports(tls), clock, random)
    this.#calls = new Calls({
      members: this.#members,
      signIn: new SignIn(credentials),
      clock,
      random,
      attemptTimeoutMs: callTimeoutMs,
      callTimeoutMs,
    })
  }

  status(signal: AbortSignal): Promise<StatusResponse> {
    return this.#calls.unary(Maintenance.method.status, create(StatusRequestSchema), { signal })
  }

  /** The names of the alarms that are on anywhere in the cluster. */
  async alarms(signal: AbortSignal): Promise<string[]> {
    const request = create(AlarmRequestSchema)
    const { alarms } = await this.#calls.unary(Maintenance.method.alarm, request, { signal })
    return alarms.map(({ alarm }) => alarmNames[alarm] ?? String(alarm))
  }

  /**
   * How far the member's wall clock is ahead of this host's, to about a second; undefined when the
   * member does not send its time.
   */
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
        // The header is cut off at whole seconds: on average it is half a second late.
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
