// Carries out a sequence of operations on one server and writes down all that it answers, in a form that two
// servers can be compared by: revisions counted from the start, remaining times left out.
// It must not know what the answers should be.

import { RawError } from '../raw/client.js'
import type { RawEtcd } from '../raw/etcd.js'
import type { Ago, CompareOperation, Operation, RangeOperation, TxnPart } from './operations.js'
import { WatchLog } from './watch-log.js'

/** What a server answered: one entry an operation, then what each watch was told. */
export interface Transcript {
  readonly answers: readonly unknown[]
  readonly watches: Readonly<Record<string, readonly unknown[]>>
}

const firstLease = 0x6000_0000_0000_0000n

const refusedPart = /required revision|requested lease not found|key not found/

const revisionFields = new Set(['revision', 'createRevision', 'modRevision', 'compactRevision'])

/**
 * Leaves the store without keys or leases, and with a history that begins one revision earlier, whatever was there;
 * tells the revision it then has.
 */
async function sweep(etcd: RawEtcd): Promise<bigint> {
  for (const { ID = 0n } of (await etcd.leases()).leases ?? []) await etcd.revoke(ID)
  await etcd.deleteRange({ key: '\0', rangeEnd: '\0' })
  const { header: last } = await etcd.put({ key: 'broom' })
  await etcd.compact({ revision: last?.revision ?? 0n, physical: true })
  const { header } = await etcd.deleteRange({ key: 'broom' })
  return header?.revision ?? 0n
}

/**
 * Keeps away from what is known to differ between series of etcd (the conformance cases say it). With `old`, for etcd
 * before 3.6, a watch from the very revision of a compaction is asked for from the next one. With `mixed`, for two
 * servers of different series, of a transaction with several parts that cannot be done it is only written down that it
 * was refused: before 3.6 the puts come first, and since 3.7 a put's lease before its key. Nor are leases compared where only keys were
 * asked for, as 3.7 leaves them out.
 */
export async function execute(
  etcd: RawEtcd,
  operations: readonly Operation[],
  { old = false, mixed = false } = {},
): Promise<Transcript> {
  let compacted = 0n
  const start = await sweep(etcd)
  const watches = new WatchLog(etcd)
  const keepAlive = etcd.keepAlive()
  try {
    await watches.open()
    const requests = new Requests(start)
    const answers: unknown[] = []
    for (const operation of operations) {
      const answer = await perform(operation).catch((error: unknown) => {
        if (!(error instanceof RawError)) throw error
        const partRefused = operation.do === 'txn' && refusedPart.test(error.message)
        return mixed && partRefused ? 'a part cannot be done' : error.message
      })
      const blind = mixed && asksForKeysOnly(operation)
      answers.push(comparable(blind ? withoutLeases(answer) : answer, start))
    }
    await watches.settle()
    const told = Object.fromEntries(
      [...watches.told].map(([id, entries]) => [id.toString(), comparable(entries, start)]),
    ) as Transcript['watches']
    return { answers, watches: told }

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
          // A watch that is still behind, or an event whose previous value is still to be read, would race with it.
          await watches.settle()
          const { physical } = operation
          const revision = requests.revision(operation.revision)
          const answer = await etcd.compact({ revision, physical })
          compacted = revision
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
          const asked = requests.revision(operation.startRevision)
          const startRevision = old && asked === compacted ? asked + 1n : asked
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

/** From operations to requests, given the revision from which an operation counts. */
class Requests {
  readonly #start: bigint

  constructor(start: bigint) {
    this.#start = start
  }

  revision(ago: Ago): bigint {
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

/** Anywhere in it. */
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

/** The same with revisions counted from the start, and as strings, which fast-check can print. */
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
