// A client whose members and clock a test plays by hand.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { onTestFinished } from 'vitest'
import { encode } from '../../src/election/keys.js'
import type { EtcdApi } from '../../src/etcd/api.js'
import { Etcd } from '../../src/etcd/client.js'
import type { EtcdOptions } from '../../src/etcd/options.js'
import type { KeyValueSchema } from '../../src/etcd/wire/gen/kv_pb.js'
import { KV, Watch } from '../../src/etcd/wire/gen/rpc_pb.js'
import { TestClock } from '../../src/testing/test-clock.js'
import { FakeCluster } from './fake-cluster.js'

const { range, txn } = KV.method
const { watch } = Watch.method

export type KeyValueInit = MessageInitShape<typeof KeyValueSchema>

export class FakeEtcd {
  readonly clock = new TestClock()
  readonly cluster = new FakeCluster(this.clock)
  readonly etcd: Etcd
  /** The raft term in all answers. */
  raftTerm = 3n

  /** Random numbers are 1: pauses are as long as they get, and the first endpoint is preferred. */
  constructor(options: Partial<EtcdOptions> = {}) {
    const { clock } = this
    this.etcd = new Etcd({
      ...{ endpoints: 'a:1', transport: this.cluster.connect, clock, random: () => 1 },
      ...options,
    })
    onTestFinished(() => this.etcd.close())
  }

  get api(): EtcdApi {
    return this.etcd.api
  }

  /** Answers the latest read with these keys, as of a revision. */
  answerRead(revision: bigint, ...kvs: KeyValueInit[]): void {
    this.cluster.call(range).answer({ header: { revision, raftTerm: this.raftTerm }, kvs })
  }

  /** Answers the latest transaction, which reads these keys. */
  answerTxn(revision: bigint, succeeded: boolean, ...kvs: KeyValueInit[]): void {
    const read = { response: { case: 'responseRange' as const, value: { kvs } } }
    const header = { revision, raftTerm: this.raftTerm }
    this.cluster.call(txn).answer({ header, succeeded, responses: [read] })
  }

  get reads(): number {
    return this.cluster.calls(range).length
  }

  get txns(): number {
    return this.cluster.calls(txn).length
  }

  /** What watches were made on the present stream: their first keys and revisions. */
  get watches(): string[] {
    return this.cluster.stream(watch).sent.flatMap(({ requestUnion }) => {
      if (requestUnion.case !== 'createRequest') return []
      const { key, startRevision } = requestUnion.value
      return [`${Buffer.from(key).toString()} from ${String(startRevision)}`]
    })
  }

  /** Confirms the watch with this id. */
  confirmWatch(watchId: bigint, revision: bigint): void {
    this.cluster.stream(watch).message({ watchId, created: true, header: { revision } })
  }
}

/** A key as it stands in etcd. */
export function kv(
  term: string,
  name: string,
  createRevision: bigint,
  modRevision = createRevision,
): { key: Uint8Array; value: Uint8Array; createRevision: bigint; modRevision: bigint } {
  return { key: encode(term), value: encode(name), createRevision, modRevision }
}
