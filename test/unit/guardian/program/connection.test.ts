import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { GuardianConnection, unavailable } from '../../../../src/guardian/program/connection.js'
import { settled } from '../../../../src/testing/test-clock.js'
import { FakeMember } from '../../../support/fake-member.js'
import { freePorts } from '../../../support/ports.js'
import { until } from '../../../support/until.js'

const patientMs = 30_000
const body = Buffer.from('request')

async function setUp() {
  const member = await FakeMember.start()
  const connection = new GuardianConnection({ target: member.target, tls: false }, undefined)
  onTestFinished(async () => {
    connection.close()
    await member[Symbol.asyncDispose]()
  })
  return { member, connection }
}

/** Opens the connection; tells what became of it. */
function open(connection: GuardianConnection): string[] {
  const facts: string[] = []
  connection.open(
    () => facts.push('open'),
    () => facts.push('closed'),
  )
  return facts
}

describe('a request', () => {
  test('carries path, message and token, and brings the answer', async () => {
    const { member, connection } = await setUp()
    member.onRequest = (request) => {
      request.answer(0, '', Buffer.from('answer'))
    }
    const answer = await connection.send('/service/Method', body, 't1', patientMs)
    expect(answer).toEqual({ code: 0, message: '', body: Buffer.from('answer') })
    const [request] = member.requests
    expect(request?.path).toBe('/service/Method')
    expect(request?.body).toEqual(body)
    expect(request?.headers).toMatchObject({
      ...{ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', token: 't1' },
    })
  })

  test('without a token carries none', async () => {
    const { member, connection } = await setUp()
    member.onRequest = (request) => {
      request.answer(0)
    }
    await connection.send('/service/Method', body, undefined, patientMs)
    expect(member.requests[0]?.headers).not.toHaveProperty('token')
  })

  test('that is refused brings the status and its message', async () => {
    const { member, connection } = await setUp()
    member.onRequest = (request) => {
      request.answer(5, 'requested lease not found')
    }
    const answer = await connection.send('/service/Method', body, undefined, patientMs)
    expect(answer).toMatchObject({ code: 5, message: 'requested lease not found' })
  })

  test('shares the connection with the others', async () => {
    const { member, connection } = await setUp()
    member.onRequest = (request) => {
      request.answer(0)
    }
    open(connection)
    await Promise.all(
      [1, 2, 3].map(() => connection.send('/service/Method', body, undefined, patientMs)),
    )
    expect(member.requests).toHaveLength(3)
    expect(member.connections).toBe(1)
  })
})

describe('without an answer', () => {
  test('because the connection breaks, a request is unavailable', async () => {
    const { member, connection } = await setUp()
    member.onRequest = (request) => {
      request.breakOff()
    }
    const answer = await connection.send('/service/Method', body, undefined, patientMs)
    expect(answer.code).toBe(unavailable)
  })

  test('because nothing listens there, a request is unavailable, and a later one tries again', async () => {
    const [port] = await freePorts(1)
    const target = `127.0.0.1:${String(port)}`
    const connection = new GuardianConnection({ target, tls: false }, undefined)
    for (const attempt of [1, 2]) {
      const answer = await connection.send('/service/Method', body, undefined, patientMs)
      expect([attempt, answer.code]).toEqual([attempt, unavailable])
    }
  })

  test('in time, a request is unavailable, and the next one uses another connection', async () => {
    const { member, connection } = await setUp()
    const silent = await connection.send('/service/Method', body, undefined, 50)
    expect(silent.code).toBe(unavailable)
    member.onRequest = (request) => {
      request.answer(0)
    }
    const next = await connection.send('/service/Method', body, undefined, patientMs)
    expect(next.code).toBe(0)
    expect(member.connections).toBe(2)
  })
})

describe('a connection that is kept', () => {
  test('is open once the member speaks HTTP/2, and its end is told once', async () => {
    const { member, connection } = await setUp()
    const facts = open(connection)
    await until(() => facts.length === 1, { what: 'the connection to open' })
    expect(facts).toEqual(['open'])
    expect(member.connections).toBe(1)
    member.endConnections()
    await until(() => facts.length === 2, { what: 'the connection to end' })
    expect(facts).toEqual(['open', 'closed'])
  })

  test('has time to open, and is kept for as long as it lasts then', async () => {
    const { member, connection } = await setUp()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const facts = open(connection)
    while (facts.length === 0) await settled()
    vi.advanceTimersByTime(60_000)
    member.onRequest = (request) => {
      request.answer(0)
    }
    await connection.send('/service/Method', body, undefined, patientMs)
    expect(facts).toEqual(['open'])
    expect(member.connections).toBe(1)
  })

  test('that could not be opened counts as ended', async () => {
    const [port] = await freePorts(1)
    const target = `127.0.0.1:${String(port)}`
    const facts = open(new GuardianConnection({ target, tls: false }, undefined))
    await until(() => facts.length > 0, { what: 'the attempt to fail' })
    expect(facts).toEqual(['closed'])
  })

  test('that the member announces to end is not used for new requests', async () => {
    const { member, connection } = await setUp()
    const facts = open(connection)
    await until(() => facts.length === 1, { what: 'the connection to open' })
    const under = connection.send('/service/Method', body, undefined, patientMs)
    await until(() => member.requests.length === 1, { what: 'the request' })
    member.endConnections({ gracefully: true })
    await until(
      () => {
        void connection.send('/service/Method', body, undefined, patientMs)
        return member.connections === 2
      },
      { what: 'a second connection' },
    )
    member.requests[0]?.answer(0)
    expect((await under).code).toBe(0)
  })

  test('ends when it is closed', async () => {
    const { member, connection } = await setUp()
    const facts = open(connection)
    await until(() => facts.length === 1, { what: 'the connection to open' })
    connection.close()
    await until(() => member.open === 0, { what: 'the connection to end' })
    expect(facts).toEqual(['open', 'closed'])
  })
})

test('a socket’s path is connected to as well as a host', async () => {
  const connection = new GuardianConnection({ target: 'unix:/no/such.sock', tls: false }, undefined)
  const answer = await connection.send('/service/Method', body, undefined, patientMs)
  expect(answer.code).toBe(unavailable)
  expect(answer.message).toContain('/no/such.sock')
})
