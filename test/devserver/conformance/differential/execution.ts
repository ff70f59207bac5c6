// Executes a sequence of operations on one server and records all its responses in a form that can
// be compared between two servers: revisions counted from the start, remaining TTLs left out.

import { RawError } from '../raw/client.js'
import type { RawEtcd } from '../raw/etcd.js'
import type {
  RelativeRevision,
  CompareOperation,
  Operation,
  RangeOperation,
  TxnPart,
} from './operations.js'
import { WatchLog } from './watch-log.js'

/** A server's responses: one entry per operation, and the messages of each watch. */
export interface Transcript {
  readonly answers: readonly unknown[]
  readonly watches: Readonly<Record<string, readonly unknown[]>>
}

const firstLease = 0x6000_0000_0000_0000n

const partRefusal = /required revision|requested lease not found|key not found/

const revisionFields = new Set(['revision', 'createRevision', 'modRevision', 'compactRevision'])

/**
 * Clears the store: it then has no keys or leases, and a history that begins one revision earlier.
 * Returns the revision it then has.
 */
async function clearStore(etcd: RawEtcd): Promise<bigint> {
  for (const { ID = 0n } of (await etcd.leases()).leases ?? []) await etcd.revoke(ID)
  await etcd.deleteRange({ key: '\0', rangeEnd: '\0' })
  const { header: last } = await etcd.put({ key: 'broom' })
  await etcd.compact({ revision: last?.revision ?? 0n, physical: true })
  const { header } = await etcd.deleteRange({ key: 'broom' })
  return header?.revision ?? 0n
}

/**
 * Executes the sequence, and avoids known differences between series of etcd (the conformance cases
 * state them).
 *
 * With `old`, for etcd before 3.6, a watch from the exact revision of a compaction starts at the
 * next one.
 *
 * With `mixed`, for two servers of different series, a transaction that is refused because of its
 * parts is recorded only as refused, because the series check the parts in different orders: before
 * 3.6 the puts come first, and since 3.7 a put's lease before its key. Leases are not compared for
 * `keysOnly`, because 3.7 leaves them out.
 */
export async function execute(
  etcd: RawEtcd,
  operations: readonly Operation[],
  { old = false, mixed = false } = {},
): Promise<Transcript> {
  let compactRevision = 0n
  const start = await clearStore(etcd)
  const watches = new WatchLog(etcd)
  const keepAlive = etcd.keepAlive()
  try {
    await watches.open()
    const requests = new RequestBuilder(start)
    const answers: unknown[] = []
    for (const operation of operations) {
      const answer = await perform(operation).catch((error: unknown) => {
        if (!(error instanceof RawError)) throw error
        const isPartRefused = operation.do === 'txn' && partRefusal.test(error.message)
        return mixed && isPartRefused ? 'a part was refused' : error.message
      })
      const omitsLeases = mixed && asksForKeysOnly(operation)
      answers.push(comparable(omitsLeases ? withoutLeases(answer) : answer, start))
    }
    await watches.settle()
    const entriesByWatch = Object.fromEntries(
      [...watches.entries].map(([id, entries]) => [id.toString(), comparable(entries, start)]),
    ) as Transcript['watches']
    return { answers, watches: entriesByWatch }

    async function perform(operation: Operation): Promise<unknown> {
      switch (operation.do) {
        case 'range':
          return await etcd.range(requests.range(operation))
        case 'put':
          return await etcd.put(requests.put(operation))
        case 'delete':
          return await etcd.deleteRange(requests.deletion(operation))
        case 'txn':
          return await etcd.txn(requests.txn(operation))
        case 'compact': {
          // The compaction must not race with a watch that is behind, or with reading previous
          // values.
          await watches.settle()
          const { physical } = operation
          const revision = requests.revision(operation.revision)
          const answer = await etcd.compact({ revision, physical })
          compactRevision = revision
          await watches.settle()
          return answer
        }
        case 'grant':
          return await etcd.grant(BigInt(operation.ttl), requests.lease(operation.lease))
        case 'revoke':
          return await etcd.revoke(requests.lease(operation.lease))
        case 'timeToLive': {
          const { lease, keys } = operation
          const { TTL = 0n, ...rest } = await etcd.timeToLive({ ID: requests.lease(lease), keys })
          return { ...rest, keys: [...(rest.keys ?? [])].sort(), alive: TTL > 0n }
        }
        case 'leases': {
          const { header, leases = [] } = await etcd.leases()
          return { header, leases: leases.map(({ ID }) => ID?.toString()).sort() }
        }
        case 'keepAlive':
          keepAlive.send({ ID: requests.lease(operation.lease) })
          return await keepAlive.next()
        case 'watch': {
          const { key, rangeEnd, filters, prevKv } = operation
          const wanted = requests.revision(operation.startRevision)
          const startRevision = old && wanted === compactRevision ? wanted + 1n : wanted
          const watchId = BigInt(operation.watchId)
          await watches.create({ key, rangeEnd, filters, prevKv, watchId, startRevision })
          return 'see the watch'
        }
        case 'cancelWatch':
          await watches.cancel(BigInt(operation.watchId))
          return 'see the watch'
        default:
          return operation satisfies never
      }
    }
  } finally {
    watches.close()
    keepAlive.cancel()
  }
}

/** Turns operations into requests, given the revision that relative revisions count from. */
class RequestBuilder {
  readonly #start: bigint

  constructor(start: bigint) {
    this.#start = start
  }

  revision(ago: RelativeRevision): bigint {
    return ago === undefined ? 0n : this.#start + BigInt(ago)
  }

  lease(which: number): bigint {
    return which === 0 ? 0n : firstLease + BigInt(which)
  }

  range({ limit, ...options }: RangeOperation) {
    return {
      ...options,
      limit: BigInt(limit),
      revision: this.revision(options.revision),
      minModRevision: this.revision(options.minModRevision),
      maxModRevision: this.revision(options.maxModRevision),
      minCreateRevision: this.revision(options.minCreateRevision),
      maxCreateRevision: this.revision(options.maxCreateRevision),
    }
  }

  put({ lease, ...options }: TxnPart & { do: 'put' }) {
    return { ...options, lease: this.lease(lease) }
  }

  deletion({ key, rangeEnd, prevKv }: TxnPart & { do: 'delete' }) {
    return { key, rangeEnd, prevKv }
  }

  txn({ compare, success, failure }: TxnPart & { do: 'txn' }): TxnRequest {
    return {
      compare: compare.map((one) => this.#compare(one)),
      success: success.map((part) => this.#part(part)),
      failure: failure.map((part) => this.#part(part)),
    }
  }

  #part(part: TxnPart): object {
    switch (part.do) {
      case 'range':
        return { requestRange: this.range(part) }
      case 'put':
        return { requestPut: this.put(part) }
      case 'delete':
        return { requestDeleteRange: this.deletion(part) }
      case 'txn':
        return { requestTxn: this.txn(part) }
      default:
        return part satisfies never
    }
  }

  #compare({ key, rangeEnd, result, operand }: CompareOperation): object {
    const interval = { key, rangeEnd, result }
    switch (operand.of) {
      case 'version':
        return { ...interval, target: 0, version: BigInt(operand.given) }
      case 'createRevision':
        return { ...interval, target: 1, createRevision: this.revision(operand.given) }
      case 'modRevision':
        return { ...interval, target: 2, modRevision: this.revision(operand.given) }
      case 'value':
        return { ...interval, target: 3, value: operand.given }
      case 'lease':
        return { ...interval, target: 4, lease: this.lease(operand.given) }
      default:
        return operand satisfies never
    }
  }
}

interface TxnRequest {
  readonly compare: readonly object[]
  readonly success: readonly object[]
  readonly failure: readonly object[]
}

/** Also when a nested operation does. */
function asksForKeysOnly(operation: Operation): boolean {
  return JSON.stringify(operation).includes('"keysOnly":true')
}

function withoutLeases(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLeases)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'lease')
      .map(([name, inner]) => [name, withoutLeases(inner)]),
  )
}

/** Counts revisions from the start, and makes integers strings, which fast-check can print. */
function comparable(value: unknown, start: bigint, field = ''): unknown {
  if (typeof value === 'bigint') {
    return revisionFields.has(field) ? `start + ${String(value - start)}` : value.toString()
  }
  if (Array.isArray(value)) return value.map((item) => comparable(item, start, field))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, comparable(inner, start, name)]),
  )
}
