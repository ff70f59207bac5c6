// Whatever bytes reach the devserver's socket, it answers with an error that says what it expected,
// or closes the connection, and other clients do not notice.

import { connect as connectHttp2, constants, type IncomingHttpHeaders } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DevServer } from '../../src/devserver/index.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { RawEtcd } from './conformance/raw/etcd.js'
import { until } from '../support/until.js'

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const rangePath = '/etcdserverpb.KV/Range'

let server: DevServer
/** A well-behaved client: its watch must go on getting events. */
let bystander: RawEtcd
let watched: ReturnType<RawEtcd['watch']>

beforeEach(async () => {
  server = await DevServer.start({ firstRevision: 1n, log: () => undefined })
  bystander = new RawEtcd(server.endpoint)
  watched = bystander.watch({ key: 'bystander' })
  await watched.next()
})

afterEach(async () => {
  await bystander.put({ key: 'bystander', value: 'undisturbed' })
  expect((await watched.next()).events?.[0]?.kv?.value).toBe('undisturbed')
  watched.cancel()
  bystander.close()
  await server.close()
})

function dial(): Socket {
  return connect({ host: '127.0.0.1', port: Number(new URL(server.endpoint).port) })
}

/** Returns everything that comes back until the connection is closed. */
function send(...pieces: readonly (string | Uint8Array)[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = dial()
    const answer: Buffer[] = []
    socket.on('data', (chunk) => answer.push(chunk))
    // A reset of the connection is an answer too.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve(Buffer.concat(answer))
    })
    for (const piece of pieces) socket.write(piece)
  })
}

interface Reply {
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
  /** The code with which the stream was reset, if it was. */
  readonly reset: number
}

interface Exchange {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Whether the client ends its side of the stream. */
  readonly ends?: boolean
}

async function exchange({ headers = {}, body, ends = true }: Exchange): Promise<Reply> {
  const session = connectHttp2(server.endpoint)
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request(
        {
          ':method': 'POST',
          ':path': rangePath,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...headers,
        },
        { endStream: false },
      )
      const chunks: Buffer[] = []
      const got: { headers: IncomingHttpHeaders; trailers: IncomingHttpHeaders } = {
        headers: {},
        trailers: {},
      }
      stream.on('response', (received: IncomingHttpHeaders) => (got.headers = received))
      stream.on('trailers', (received: IncomingHttpHeaders) => (got.trailers = received))
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', () => undefined)
      stream.on('close', () => {
        resolve({ ...got, body: Buffer.concat(chunks), reset: stream.rstCode })
      })
      if (body !== undefined) stream.write(body)
      if (ends) stream.end()
    })
  } finally {
    session.destroy()
  }
}

function status({ headers, trailers }: Reply): string {
  const where = headers['grpc-status'] === undefined ? trailers : headers
  return `${String(where['grpc-status'])} ${decodeURIComponent(String(where['grpc-message']))}`
}

function frame(length: number, body: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, body])
}

describe('what is not HTTP/2', () => {
  test('an HTTP/1 request gets an error that names gRPC', async () => {
    const answer = (await send('GET /version HTTP/1.1\r\nhost: here\r\n\r\n')).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 505 /)
    expect(answer).toContain('Expected gRPC, which is HTTP/2.')
  })

  test('so does one that arrives byte by byte, with a body', async () => {
    const text = 'PUT /v3/kv/put HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\n{}{}'
    const socket = dial()
    socket.setNoDelay(true)
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    for (const byte of text) {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    await closed
    expect(answer).toMatch(/^HTTP\/1\.1 505 /)
  })

  test('a TLS handshake ends the connection', async () => {
    const hello = Buffer.from('16030100c8010000c40303', 'hex')
    expect((await send(hello)).toString()).toMatch(/^(HTTP\/1\.1 400 |$)/)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('random bytes end it too (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const size = 1 + Math.floor(random() * 20_000)
    const bytes = Uint8Array.from({ length: size }, () => Math.floor(random() * 256))
    // The line ends make sure that no parser waits for the end of a line.
    expect((await send(bytes, '\r\n\r\n')).toString('latin1')).toMatch(/^(HTTP\/1\.1 |$)/)
  })

  test('connections that send nothing, or an incomplete preface, end when their client disconnects', async () => {
    for (const start of ['', 'PRI * HT', preface.slice(0, 20), preface]) {
      const socket = dial()
      await new Promise((resolve) => socket.once('connect', resolve))
      if (start !== '') socket.write(start)
      await bystander.range({ key: 'a' })
      socket.destroy()
    }
  })
})

describe('what is broken HTTP/2', () => {
  test.each([9, 10, 11, 12])('random bytes after the preface end it (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const bytes = Uint8Array.from({ length: 20_000 }, () => Math.floor(random() * 256))
    // The first frame has a type that may not come first.
    bytes.set([0, 0, 4, 6])
    const answer = await send(preface, bytes)
    // SETTINGS first, GOAWAY last.
    expect(answer.subarray(3, 4).toString('hex')).toBe('04')
  })

  test('a frame larger than agreed gets a GOAWAY that says so', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    const huge = Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])
    const socket = dial()
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.write(Buffer.concat([Buffer.from(preface), settings, huge]))
    // The end of a GOAWAY: the last stream, and the error code.
    const goAway = Buffer.from([0, 0, 0, 0, 0, 0, 0, constants.NGHTTP2_FRAME_SIZE_ERROR])
    await until(() => Buffer.concat(chunks).includes(goAway), { what: 'a GOAWAY' })
    socket.destroy()
  })

  test('a stream without the headers that HTTP/2 requires is reset', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    // HEADERS on stream 1, END_HEADERS and END_STREAM, an indexed ":method: POST" and nothing else.
    const headers = Buffer.from([0, 0, 1, 1, 5, 0, 0, 0, 1, 0x83])
    const socket = dial()
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.write(Buffer.concat([Buffer.from(preface), settings, headers]))
    const reset = Buffer.from([
      0,
      0,
      4,
      3,
      0,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      constants.NGHTTP2_PROTOCOL_ERROR,
    ])
    await until(() => Buffer.concat(chunks).includes(reset), { what: 'the stream to be reset' })
    socket.destroy()
  })
})

describe('what is HTTP/2, but not a gRPC call', () => {
  test.each([
    ['another type of content', { 'content-type': 'application/json' }],
    ['another method', { ':method': 'GET' }],
  ])('%s gets an error that names gRPC', async (_, headers) => {
    const reply = await exchange({ headers })
    expect(reply.headers[':status']).toBe(415)
    expect(reply.body.toString()).toContain('Expected a gRPC call.')
  })

  test.each([
    ['/', '12 malformed method name: "/"'],
    ['/etcdserverpb.KV', '12 malformed method name: "/etcdserverpb.KV"'],
    ['/etcdserverpb.KV/', '12 unknown method  for service etcdserverpb.KV'],
    ['/etcdserverpb.KV/Range/', '12 unknown service etcdserverpb.KV/Range'],
    ['/etcdserverpb.Maintenance/Snapshot', '12 unknown method Snapshot for service'],
    [`/${'a/'.repeat(2000)}`, '12 unknown service a/a/'],
  ])('the path %.40s is refused', async (path, expected) => {
    expect(status(await exchange({ headers: { ':path': path } }))).toContain(expected)
  })
})

describe('what is a broken call', () => {
  test('a call without a message', async () => {
    expect(status(await exchange({}))).toBe('13 grpc: expected a message')
  })

  test.each([
    ['in the middle of a frame’s header', Buffer.from([0, 0, 0])],
    ['right after it', frame(100, Buffer.alloc(0))],
    ['in the middle of the message', frame(100, Buffer.alloc(60))],
  ])('a frame that is cut off %s', async (_, body) => {
    expect(status(await exchange({ body }))).toBe('13 unexpected EOF')
  })

  test('a message with a length of 4 GB is refused before it arrives', async () => {
    const body = frame(0xffff_ffff, Buffer.alloc(10))
    expect(status(await exchange({ body, ends: false }))).toBe(
      '8 grpc: received message larger than max (4294967295 vs. 2097152)',
    )
  })

  test('a compressed message, which was not negotiated', async () => {
    const body = frame(3, Buffer.from([0x0a, 0x01, 0x61]), 1)
    expect(status(await exchange({ body }))).toBe(
      '12 grpc: expected a message that is not compressed',
    )
  })

  test('an invalid message', async () => {
    const body = frame(3, Buffer.from([0xff, 0xff, 0xff]))
    expect(status(await exchange({ body }))).toMatch(/^13 grpc: error unmarshalling request/)
  })

  test('a second message where one is expected is ignored', async () => {
    const one = frame(3, Buffer.from([0x0a, 0x01, 0x61]))
    expect(status(await exchange({ body: Buffer.concat([one, one]) }))).toMatch(/^0 /)
  })

  test('a stream ends with the reason when an invalid message comes', async () => {
    const headers = { ':path': '/etcdserverpb.Watch/Watch' }
    const body = frame(3, Buffer.from([0xff, 0xff, 0xff]))
    expect(status(await exchange({ headers, body, ends: false }))).toMatch(
      /^13 grpc: error unmarshalling request/,
    )
  })

  test('a client that disconnects during a call leaves nothing behind', async () => {
    const holder = await bystander.call(bystander.election.campaign, { name: 'e', value: '1' })
    const session = connectHttp2(server.endpoint)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/v3electionpb.Election/Campaign',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => undefined)
    // name: e, value: 2
    stream.end(frame(6, Buffer.from([0x0a, 1, 0x65, 0x1a, 1, 0x32])))
    const candidates = async () => (await bystander.range({ key: 'e/', rangeEnd: 'e0' })).count
    await until(async () => (await candidates()) === 2n, { what: 'two candidates' })
    session.destroy()
    await until(async () => (await candidates()) === 1n, { what: 'the second to leave' })
    expect(holder.leader?.name).toBe('e')
  })
})
