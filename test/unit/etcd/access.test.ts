import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { clusterAccessOf } from '../../../src/etcd/access.js'
import type { ResolvedEtcdOptions } from '../../../src/etcd/options.js'
import { parseEndpoint } from '../../../src/etcd/wire/endpoint.js'
import { TestClock } from '../../../src/testing/test-clock.js'
import { FakeCluster } from '../../support/fake-cluster.js'

function optionsWith(given: Partial<ResolvedEtcdOptions> = {}): ResolvedEtcdOptions {
  return {
    ...{ endpoints: [parseEndpoint('a:1')], tls: undefined, credentials: undefined },
    ...{ attemptTimeoutMs: 2_000, callTimeoutMs: 10_000, transport: undefined },
    ...{ clock: new TestClock(), random: () => 0 },
    ...given,
  }
}

describe('the access to a cluster', () => {
  test('says everything that a client needs, as data that can be sent', () => {
    const credentials = { user: 'u', password: 'p' }
    const tls = { ca: Buffer.from('CA'), cert: 'CERT', key: Buffer.from('KEY') }
    const endpoints = [parseEndpoint('https://a:1'), parseEndpoint('https://b:2')] as const
    const access = clusterAccessOf(optionsWith({ endpoints: [...endpoints], tls, credentials }))
    expect(structuredClone(access)).toEqual({
      endpoints: [
        { url: 'https://a:1', target: 'a:1', tls: true },
        { url: 'https://b:2', target: 'b:2', tls: true },
      ],
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY' },
      credentials,
      attemptTimeoutMs: 2_000,
      callTimeoutMs: 10_000,
    })
  })

  test('names no certificate that the client does not have', () => {
    const access = clusterAccessOf(optionsWith({ tls: { ca: 'CA' } }))
    expect(Object.keys(access?.tls ?? {})).toEqual(['ca'])
  })

  test('holds for another working directory', () => {
    const endpoints = [parseEndpoint('unix:etcd.sock'), parseEndpoint('unixs:/run/etcd.sock')]
    const access = clusterAccessOf(optionsWith({ endpoints: endpoints as never }))
    expect(access?.endpoints.map(({ target, tls }) => [target, tls])).toEqual([
      [`unix:${resolve('etcd.sock')}`, false],
      ['unix:/run/etcd.sock', true],
    ])
  })

  test('is none for a client with a transport of its own', () => {
    const { connect } = new FakeCluster()
    expect(clusterAccessOf(optionsWith({ transport: connect }))).toBe(undefined)
  })
})
