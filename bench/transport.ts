// The library's transport, which users do not see: the build in dist/, with the types of its
// source.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { credentials } from '@grpc/grpc-js'
import type * as endpoints from '../src/etcd/wire/endpoint.js'
import type * as rpc from '../src/etcd/wire/gen/rpc_pb.js'
import type * as grpc from '../src/etcd/wire/grpc.js'
import type { Transport } from '../src/etcd/wire/transport.js'
import { root } from './root.js'

const { parseEndpoint } = (await built('wire/endpoint.js')) as typeof endpoints
const { GrpcTransport } = (await built('wire/grpc.js')) as typeof grpc

/** One of a transaction. */
export type Operation = MessageInitShape<typeof rpc.RequestOpSchema>

/** etcd's services and their messages. */
export const {
  Compare_CompareResult: CompareResult,
  Compare_CompareTarget: CompareTarget,
  KV,
  Lease,
  LeaseGrantRequestSchema,
  LeaseRevokeRequestSchema,
  PutRequestSchema,
  RangeRequest_SortOrder: SortOrder,
  RangeRequest_SortTarget: SortTarget,
  RangeRequestSchema,
  TxnRequestSchema,
  Watch,
  WatchRequestSchema,
} = (await built('wire/gen/rpc_pb.js')) as typeof rpc

/** Connects to one member. */
export function connect(endpoint: string): Transport {
  return new GrpcTransport(parseEndpoint(endpoint), credentials.createInsecure())
}

function built(file: string): Promise<unknown> {
  return import(pathToFileURL(join(root, 'dist', 'etcd', file)).href)
}
