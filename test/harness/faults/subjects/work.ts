// The work of a leader: it writes its token into registers, with and without the token as a fence.

import { Client } from 'pg'
import { Etcd } from '../../../../src/index.js'
import { encode } from '../../../../src/election/keys.js'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'
import type { Store } from '../history.js'
import { padded, registerKey } from '../registers.js'
import type { Recorder } from './recorder.js'
import { task } from './task.js'

interface Register {
  readonly store: Store
  /** Resolves with the write's place among the accepted ones; undefined when it was refused. */
  write(token: string, fenced: boolean): Promise<string | undefined>
}

class EtcdRegister implements Register {
  readonly store = 'etcd'
  readonly #etcd = new Etcd({
    endpoints: task.endpoints,
    user: task.user.name,
    password: task.user.password,
    callTimeoutMs: 2_000,
  })

  async write(token: string, fenced: boolean): Promise<string | undefined> {
    const key = encode(registerKey(task.election, fenced))
    const response = await this.#etcd.api.txn({
      compare: fenced
        ? [
            {
              key,
              target: Compare_CompareTarget.VALUE,
              result: Compare_CompareResult.LESS,
              targetUnion: { case: 'value', value: encode(padded(BigInt(token) + 1n)) },
            },
          ]
        : [],
      success: [
        { request: { case: 'requestPut', value: { key, value: encode(padded(BigInt(token))) } } },
      ],
    })
    return response.succeeded ? String(response.header?.revision) : undefined
  }
}

class PostgresRegister implements Register {
  readonly store = 'postgres'
  readonly #connected: Promise<Client>

  constructor(host: string) {
    const client = new Client({ host, user: 'faults', database: 'postgres' })
    this.#connected = client.connect().then(() => client)
  }

  async write(token: string, fenced: boolean): Promise<string | undefined> {
    const client = await this.#connected
    const { rows } = await client.query<{ place: string }>(
      `UPDATE register SET token = $1, place = place + 1
       WHERE election = $2 AND fenced = $3 AND (NOT fenced OR token <= $1) RETURNING place`,
      [token, task.election, fenced],
    )
    return rows[0]?.place
  }
}

/** Writes to all registers until it is stopped, one write at a time in each. */
export class Work {
  readonly #recorder: Recorder
  readonly #registers: readonly Register[]

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#registers = [
      new EtcdRegister(),
      ...(task.postgres === undefined ? [] : [new PostgresRegister(task.postgres)]),
    ]
  }

  /** Asks `goOn` right before each write, as a careful user would. */
  during(token: string, goOn: () => boolean): void {
    for (const register of this.#registers) void this.#write(register, token, goOn)
  }

  async #write(register: Register, token: string, goOn: () => boolean): Promise<void> {
    for (let fenced = true; goOn(); fenced = !fenced) {
      try {
        const place = await register.write(token, fenced)
        this.#recorder.write({ is: 'wrote', store: register.store, fenced, token, place })
      } catch {
        // Whether the write was accepted is unknown, so it is not written down.
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
