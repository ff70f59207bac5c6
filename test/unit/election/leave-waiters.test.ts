import { describe, expect, test } from 'vitest'
import { ClosedError, TimeoutError } from '../../../src/base/errors.js'
import { LeaveWaiters } from '../../../src/election/leave-waiters.js'

const never = (): Promise<void> => new Promise(() => undefined)
const error = new Error('refused by the test')

test('all waiting callers are told of the first attempt, and later ones of the next', async () => {
  const waiters = new LeaveWaiters('jobs')
  const first = [waiters.wait(), waiters.wait()]
  waiters.failed(error)
  await expect(first[0]).rejects.toBe(error)
  await expect(first[1]).rejects.toBe(error)
  const second = waiters.wait()
  waiters.succeeded()
  await second
})

test('once the client is closed, no caller waits for what never comes', async () => {
  const waiters = new LeaveWaiters('jobs')
  const closed = new ClosedError('closed by the test')
  waiters.failed(closed)
  await expect(waiters.wait()).rejects.toBe(closed)
})

describe('when the lease is lost', () => {
  test('to etcd, the key is gone', async () => {
    const waiters = new LeaveWaiters('jobs')
    const waiting = waiters.wait()
    waiters.leaseLost('revoked', never)
    await waiting
  })

  test('to time, it is not known whether the key is gone', async () => {
    const waiters = new LeaveWaiters('jobs')
    const waiting = waiters.wait()
    waiters.leaseLost('expired', never)
    await expect(waiting).rejects.toBeInstanceOf(TimeoutError)
    await expect(waiting).rejects.toThrow("'jobs'")
  })

  test('to its session that closes, the key is gone when the lease is given back', async () => {
    const waiters = new LeaveWaiters('jobs')
    const givenBack = waiters.wait()
    waiters.leaseLost('closed', () => Promise.resolve())
    await givenBack
    const denied = waiters.wait()
    waiters.leaseLost('closed', () => Promise.reject(error))
    await expect(denied).rejects.toBe(error)
  })
})
