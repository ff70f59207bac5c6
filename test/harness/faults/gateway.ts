// etcd as the nemesis and the oracle see it: over its JSON gateway, without any code of the
// library.

/** The gateway writes 64-bit integers as strings, and bytes as base64. */
export type Json = Record<string, unknown>

export interface KeyValue {
  readonly key: string
  readonly value: string
  readonly create: string
  readonly lease: bigint
}

export const root = { name: 'root', password: 'root' } as const

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Returns the end of the range of all keys that begin with this prefix. */
function endOf(prefix: string): string {
  const bytes = Buffer.from(prefix)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1
  return bytes.toString('base64')
}

export class Gateway {
  readonly #endpoints: () => readonly string[]
  /** The user, while authentication is on. */
  #token: string | undefined

  /** The members to ask, the one most likely to answer first. */
  constructor(endpoints: () => readonly string[]) {
    this.#endpoints = endpoints
  }

  /**
   * Resolves with the first answer. Rejects when no member answers, or when the first one that does
   * refuses.
   */
  async post(path: string, body: Json): Promise<Json> {
    let last: unknown = new Error('no member of etcd runs')
    for (const endpoint of this.#endpoints()) {
      try {
        return await this.#ask(endpoint, path, body)
      } catch (error) {
        if (error instanceof Refusal && !/no leader|timed out|leader changed/.test(error.message)) {
          throw error
        }
        last = error
      }
    }
    throw last
  }

  /** Asks one member. */
  async ask(endpoint: string, path: string, body: Json): Promise<Json> {
    return this.#ask(endpoint, path, body)
  }

  async put(key: string, value: string): Promise<void> {
    await this.post('/v3/kv/put', { key: base64(key), value: base64(value) })
  }

  async delete(key: string): Promise<void> {
    await this.post('/v3/kv/deleterange', { key: base64(key) })
  }

  /** Reads all keys with this prefix, oldest first, linearizably. */
  async list(prefix: string): Promise<{ revision: bigint; keys: KeyValue[] }> {
    const answer = (await this.post('/v3/kv/range', {
      key: base64(prefix),
      range_end: endOf(prefix),
      sort_order: 'ASCEND',
      sort_target: 'CREATE',
    })) as {
      header: { revision: string }
      kvs?: { key: string; value?: string; create_revision: string; lease?: string }[]
    }
    return {
      revision: BigInt(answer.header.revision),
      keys: (answer.kvs ?? []).map(({ key, value = '', create_revision, lease = '0' }) => ({
        key: Buffer.from(key, 'base64').toString(),
        value: Buffer.from(value, 'base64').toString(),
        create: create_revision,
        lease: BigInt(lease),
      })),
    }
  }

  async leases(): Promise<number> {
    const answer = (await this.post('/v3/lease/leases', {})) as { leases?: unknown[] }
    return answer.leases?.length ?? 0
  }

  async signIn(): Promise<void> {
    // Even this request would be refused with an expired sign-in token.
    this.#token = undefined
    const { token } = await this.post('/v3/auth/authenticate', root)
    this.#token = String(token)
  }

  signOut(): void {
    this.#token = undefined
  }

  /** Reads one member's counters whose names begin with this, labels included. */
  async metrics(endpoint: string): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${endpoint}/metrics`, { signal: AbortSignal.timeout(20_000) })
    const lines = (await response.text()).split('\n').filter((line) => !line.startsWith('#'))
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(' ')
        return [line.slice(0, space), Number(line.slice(space + 1))]
      }),
    )
  }

  async #ask(endpoint: string, path: string, body: Json): Promise<Json> {
    const response = await fetch(`${endpoint}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: this.#token === undefined ? {} : { Authorization: this.#token },
      signal: AbortSignal.timeout(1_500),
    })
    const answer = (await response.json()) as Json & { error?: string }
    if (response.ok) return answer
    throw new Refusal(answer.error ?? `status ${String(response.status)}`)
  }
}

class Refusal extends Error {}
