// Many elections in one process: led, idle, waited for, and taken over all at once. Each subject in a process of its own
// against an etcd of its own, in turn. It must not know what the subjects are written in.
import { setTimeout as pause } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import { parseEndpoint } from '../dist/etcd/endpoint.js'
import {
  KV,
  Lease,
  LeaseGrantRequestSchema,
  LeaseRevokeRequestSchema,
  TxnRequestSchema,
} from '../dist/etcd/gen/rpc_pb.js'
import { GrpcTransport } from '../dist/etcd/grpc.js'
import { stateOf, stateWhenQuiet } from './requests.mjs'
import { Subject, usageOf } from './subject.mjs'
import { timeOfDay } from './subjects/protocol.mjs'

/** Long enough for nothing to be lost on a machine that is busy with so many. */
const ttl = 60
/** Short enough for several renewals in the time that is looked at. */
const idleTtl = 5
const idleMs = 6_000
const options = { metadata: {}, timeoutMs: 30_000 }

/** @returns `[{ subject, count, led, waited, takenOver }]`, one for each round; what failed has `failed` instead. */
export async function measureMany({ counts, rounds, subjects, startServer, say }) {
  const measured = []
  for (const count of counts) {
    for (let round = 0; round < rounds(count); round++) {
      for (const subject of subjects(count, round)) {
        say(`${count} elections: ${subject} …`)
        const server = await startServer()
        try {
          measured.push({ subject, count, ...(await measureOne(server, subject, count)) })
        } catch (error) {
          measured.push({ subject, count, failed: error.message })
        } finally {
          await server.close()
        }
      }
    }
  }
  return measured
}

async function measureOne({ endpoint }, subject, count) {
  const led = await withSubject(subject, endpoint, async (process) => {
    const took = await costOf(process, endpoint, { do: 'lead', prefix: 'bench/led', count, ttl })
    return took
  })
  if (subject === 'raw') return { led }
  return withSubject(subject, endpoint, async (process) => {
    const own = subject === 'etcd3' ? 'election/bench/waited' : 'bench/waited'
    const leader = new RawLeader(endpoint)
    await leader.lead(own, count)
    const waited = await costOf(process, endpoint, {
      do: 'wait',
      prefix: 'bench/waited',
      count,
      ttl,
    })
    // Watches that were just made are served late at first.
    await pause(500)
    const sentAt = timeOfDay()
    const taken = process.ask({ do: 'taken', count })
    await leader.leave()
    const { count: elected, firstAt, lastAt, loopMaxMs } = await taken
    const takenOver = { elected, firstMs: firstAt - sentAt, lastMs: lastAt - sentAt, loopMaxMs }
    return { led, waited, takenOver }
  })
}

/** What it takes to do something: time, and what process and etcd show of it. */
async function costOf(process, endpoint, command) {
  const { heapMb: heapBefore } = await process.ask({ do: 'rest' })
  const [before, stateBefore] = [process.usage(), await stateWhenQuiet(endpoint)]
  const { ms } = await process.ask(command)
  const cpuMs = (process.usage()?.cpuMs ?? NaN) - (before?.cpuMs ?? NaN)
  const { heapMb } = await process.ask({ do: 'rest' })
  const [after, state] = [process.usage(), await stateWhenQuiet(endpoint)]
  return {
    ms,
    cpuMs,
    rssMb: (after?.rssMb ?? NaN) - (before?.rssMb ?? NaN),
    heapMb: heapMb === undefined ? undefined : heapMb - heapBefore,
    streams: state.streams - stateBefore.streams,
    leases: state.leases - stateBefore.leases,
    requests: state.requests - stateBefore.requests,
  }
}

/**
 * What so many elections cost when nothing happens.
 *
 * @param of `[{ subject, count, sessions }]`: all on one session, or each on its own.
 * @returns the same with `{ cpuPercent, etcdCpuPercent, requestsPerS }`.
 */
export async function measureIdle({ of, startServer, say }) {
  const measured = []
  for (const each of of) {
    say(`${each.count} idle elections, ${each.sessions} sessions: ${each.subject} …`)
    const server = await startServer()
    try {
      const cost = await withSubject(each.subject, server.endpoint, (process) =>
        idle(server, process, each),
      )
      measured.push({ ...each, ...cost })
    } catch (error) {
      measured.push({ ...each, failed: error.message })
    } finally {
      await server.close()
    }
  }
  return measured
}

async function idle({ endpoint, pid }, process, { count, sessions, subject }) {
  // Each campaign of etcd3 has a session of its own anyway.
  const apart = sessions > 1 && subject === 'ours'
  await process.ask({ do: apart ? 'leadApart' : 'lead', prefix: 'bench/idle', count, ttl: idleTtl })
  await process.ask({ do: 'rest' })
  await pause(1_000)
  const look = async () => ({
    own: process.usage()?.cpuMs,
    etcd: usageOf(pid)?.cpuMs,
    requests: (await stateOf(endpoint)).requests,
    at: performance.now(),
  })
  const before = await look()
  await pause(idleMs)
  const after = await look()
  const tookMs = after.at - before.at
  return {
    cpuPercent: ((after.own - before.own) / tookMs) * 100,
    etcdCpuPercent: ((after.etcd - before.etcd) / tookMs) * 100,
    requestsPerS: ((after.requests - before.requests) / tookMs) * 1_000,
  }
}

async function withSubject(subject, endpoint, use) {
  const process = await Subject.start(subject, endpoint)
  try {
    return await use(process)
  } finally {
    await process.kill()
  }
}

/** Leads elections by keys alone, so that who waits in them has the same before it, whoever it is. */
class RawLeader {
  #transport
  #lease

  constructor(endpoint) {
    this.#transport = new GrpcTransport(parseEndpoint(endpoint), credentials.createInsecure())
  }

  async lead(prefix, count) {
    const grant = create(LeaseGrantRequestSchema, { TTL: 600n })
    this.#lease = (await this.#transport.unary(Lease.method.leaseGrant, grant, options)).ID
    for (let from = 0; from < count; from += 100) {
      const indices = Array.from(
        { length: Math.min(100, count - from) },
        (_, index) => from + index,
      )
      const success = indices.map((index) => ({
        request: {
          case: 'requestPut',
          value: {
            key: Buffer.from(`${prefix}/${index}/${this.#lease.toString(16)}`),
            value: Buffer.from('web-1'),
            lease: this.#lease,
          },
        },
      }))
      await this.#transport.unary(KV.method.txn, create(TxnRequestSchema, { success }), options)
    }
  }

  async leave() {
    const revoke = create(LeaseRevokeRequestSchema, { ID: this.#lease })
    await this.#transport.unary(Lease.method.leaseRevoke, revoke, options)
    this.#transport.close()
  }
}
