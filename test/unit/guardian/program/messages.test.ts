import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  AuthenticateRequestSchema,
  AuthenticateResponseSchema,
} from '../../../../src/etcd/wire/gen/auth_pb.js'
import { LeaseRevokeRequestSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import {
  authenticateRequest,
  leaseRevokeRequest,
  signInTokenOf,
} from '../../../../src/guardian/program/messages.js'

/** gRPC's prefix of a message: not compressed, and its length. */
function unframed(bytes: Buffer): Buffer {
  expect(bytes[0]).toBe(0)
  expect(bytes.readUInt32BE(1)).toBe(bytes.length - 5)
  return bytes.subarray(5)
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

describe('what is written by hand is what the generated code reads', () => {
  test('a lease to be revoked', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (ID) => {
        const bytes = unframed(leaseRevokeRequest(ID))
        expect(fromBinary(LeaseRevokeRequestSchema, bytes).ID).toBe(ID)
      }),
    )
  })

  test('a name and a password', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ maxLength: 300 }),
        (name, password) => {
          const read = fromBinary(
            AuthenticateRequestSchema,
            unframed(authenticateRequest(name, password)),
          )
          expect([read.name, read.password]).toEqual([name, password])
        },
      ),
    )
  })
})

describe('the token of an answer', () => {
  test('is found behind whatever header', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.string({ minLength: 1, maxLength: 400 }),
        (memberId, token) => {
          const header = { clusterId: memberId, memberId, revision: 2n ** 62n, raftTerm: 7n }
          const message = create(AuthenticateResponseSchema, { header, token })
          expect(signInTokenOf(framed(toBinary(AuthenticateResponseSchema, message)))).toBe(token)
        },
      ),
    )
  })

  test('is none where there is none', () => {
    expect(signInTokenOf(Buffer.alloc(0))).toBeUndefined()
    expect(signInTokenOf(framed(new Uint8Array()))).toBeUndefined()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(['string', 'undefined']).toContain(typeof signInTokenOf(framed(bytes)))
      }),
    )
  })
})
