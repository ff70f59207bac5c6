// The two requests that a guardian sends to etcd, encoded by hand in protobuf and gRPC's framing,
// so that the guardian need not load a runtime for them.

export const paths = {
  leaseRevoke: '/etcdserverpb.Lease/LeaseRevoke',
  authenticate: '/etcdserverpb.Auth/Authenticate',
} as const

/** `LeaseRevokeRequest { int64 ID = 1 }` */
export function leaseRevokeRequest(lease: bigint): Buffer {
  return framed(Buffer.concat([Buffer.from([0x08]), varint(lease)]))
}

/** `AuthenticateRequest { string name = 1; string password = 2 }` */
export function authenticateRequest(name: string, password: string): Buffer {
  return framed(Buffer.concat([text(1, name), text(2, password)]))
}

/** `AuthenticateResponse { ResponseHeader header = 1; string token = 2 }` */
export function signInTokenOf(body: Buffer): string | undefined {
  // The message comes after a compression flag and its length.
  let at = 5
  while (at < body.length) {
    const key = readVarint(body, at)
    at = key.next
    const wireType = key.value & 7
    // This message has varints (0) and length-prefixed fields (2) only.
    if (wireType !== 0 && wireType !== 2) return undefined
    const value = readVarint(body, at)
    at = value.next
    if (wireType === 0) continue
    if (key.value >> 3 === 2) return body.toString('utf8', at, at + value.value)
    at += value.value
  }
  return undefined
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function text(field: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(BigInt(bytes.length)), bytes])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, value)
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80)
    left >>= 7n
  }
  bytes.push(Number(left))
  return Buffer.from(bytes)
}

/** Loses the low bits of numbers above 2^53. No length is that large. */
function readVarint(bytes: Buffer, from: number): { value: number; next: number } {
  let value = 0
  let scale = 1
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, next: at + 1 }
    scale *= 128
  }
  return { value, next: bytes.length }
}
