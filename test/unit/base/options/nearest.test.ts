import { describe, expect, test } from 'vitest'
import { editDistance, nearestName } from '../../../../src/base/options/nearest.js'
import { optionTables } from '../../../support/option-tables.js'

describe('the edit distance', () => {
  test.each([
    ['', '', 0],
    ['', 'ttl', 3],
    ['ttl', '', 3],
    ['ttl', 'ttl', 0],
    ['guardien', 'guardian', 1],
    ['gaurdian', 'guardian', 1],
    ['guardin', 'guardian', 1],
    ['guardiaan', 'guardian', 1],
    ['renewel', 'renewal', 1],
    ['clokcDirft', 'clockDrift', 2],
    ['kitten', 'sitting', 3],
    // Not 2: a swapped pair is not touched again.
    ['ca', 'abc', 3],
  ])('of %j and %j is %i, either way', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })
})

describe('the nearest name', () => {
  const session = Object.keys(optionTables.SessionOptions)
  const etcd = Object.keys(optionTables.EtcdOptions)

  test.each([
    ['guardien', 'guardian'],
    ['Guardian', 'guardian'],
    ['TTL', 'ttl'],
    ['tll', 'ttl'],
    ['ttlSeconds', 'ttl'],
    ['leaseID', 'leaseId'],
    ['lease_id', 'leaseId'],
    ['clock-drift', 'clockDrift'],
    ['drift', undefined],
    ['maxStall', 'maxStallMs'],
    ['stallMs', 'maxStallMs'],
    ['renew', 'renewal'],
    ['isHealthy', 'healthy'],
    ['tls', undefined],
    ['tt', 'ttl'],
    ['t', undefined],
    ['', undefined],
    ['☃', undefined],
    ['verbose', undefined],
  ])('to %j, of the options of a session, is %j', (name, nearest) => {
    expect(nearestName(name, session)).toBe(nearest)
  })

  test.each([
    ['endpoint', 'endpoints'],
    ['username', 'user'],
    ['pasword', 'password'],
    ['passwd', 'password'],
    ['timeoutMs', 'callTimeoutMs'],
    ['timeout', undefined],
    ['callTimeout', 'callTimeoutMs'],
    ['attemptTimeoutMS', 'attemptTimeoutMs'],
  ])('to %j, of the options of a client, is %j', (name, nearest) => {
    expect(nearestName(name, etcd)).toBe(nearest)
  })

  test('is the same name rather than one that begins with it', () => {
    expect(nearestName('NAME', ['nameOfElection', 'name'])).toBe('name')
  })

  test('is the first of those that are equally near', () => {
    expect(nearestName('cat', ['car', 'can'])).toBe('car')
  })

  test('is found in no time, however long the name', () => {
    expect(nearestName('x'.repeat(2 ** 22), session)).toBeUndefined()
  })

  test('to a name of one table is that name', () => {
    for (const table of Object.values(optionTables)) {
      const names = Object.keys(table)
      for (const name of names) expect(nearestName(name, names)).toBe(name)
    }
  })
})
