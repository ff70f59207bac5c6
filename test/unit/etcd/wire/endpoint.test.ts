import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidArgumentError } from '../../../../src/base/errors.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'

describe('an endpoint', () => {
  test.each([
    ['http://127.0.0.1:2379', '127.0.0.1:2379', false],
    ['https://etcd.example.org:2379', 'etcd.example.org:2379', true],
    ['HTTPS://etcd.example.org:2379', 'etcd.example.org:2379', true],
    ['http://127.0.0.1:2379/', '127.0.0.1:2379', false],
    ['localhost:2379', 'localhost:2379', false],
    ['my_etcd-0.my-etcd:2379', 'my_etcd-0.my-etcd:2379', false],
    ['etcd:2379', 'etcd:2379', false],
    ['http://etcd:80', 'etcd:80', false],
    ['https://etcd:443', 'etcd:443', true],
    ['[::1]:2379', '[::1]:2379', false],
    ['https://[fd00::1]:2379', '[fd00::1]:2379', true],
    ['https://münchen.example:2379', 'xn--mnchen-3ya.example:2379', true],
    ['unix:/run/etcd.sock', 'unix:/run/etcd.sock', false],
    ['unix:///run/etcd.sock', 'unix:/run/etcd.sock', false],
    ['unixs:///run/my etcd.sock', 'unix:/run/my etcd.sock', true],
    ['unix://etcd:1', 'unix:etcd:1', false],
  ])('%s is dialled as %s (TLS: %s)', (url, target, tls) => {
    expect(parseEndpoint(url)).toEqual({ url, target, tls })
    expect(parseEndpoint(url)).toSatisfy(Object.isFrozen)
  })

  test.each([
    '',
    ' ',
    ' http://etcd:2379',
    'http://etcd:2379\n',
    'http://et\tcd:2379',
    'etcd',
    'http://etcd',
    'http://:2379',
    ':2379',
    'etcd:',
    'etcd:0',
    'etcd:00',
    'etcd:65536',
    'etcd:-1',
    'etcd:http',
    'a,b:2379',
    'a:2379,b:2379',
    'http://a:2379,http://b:2379',
    '::1:2379',
    'http://etcd:2379/v3',
    'http://etcd:2379?x=1',
    'http://etcd:2379#x',
    'http://user:secret@etcd:2379',
    'ftp://etcd:2379',
    'dns:///etcd:2379',
    'unix:',
    'unix://',
    'http:/etcd:2379',
    'http//etcd:2379',
    null,
    undefined,
    2379,
    {},
    ['http://etcd:2379'],
  ])('cannot be %j', (text) => {
    expect(() => parseEndpoint(text)).toThrow(InvalidArgumentError)
    expect(() => parseEndpoint(text)).toThrow(/^endpoints: expected 'http:\/\/host:port', /)
  })

  test('that is refused is reported under the name of its option or variable', () => {
    expect(() => parseEndpoint('etcd', 'ETCDCTL_ENDPOINTS')).toThrow(
      expect.objectContaining({
        option: 'ETCDCTL_ENDPOINTS',
        message: expect.stringMatching(/^ETCDCTL_ENDPOINTS: .*, got "etcd"$/) as string,
      }),
    )
  })

  test('of any spelling is refused, or something that gRPC can dial', () => {
    const spelling = fc.oneof(
      fc.string(),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc
        .tuple(
          fc.constantFrom('', 'http://', 'https://', 'unix:', 'unixs://'),
          fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary' })),
          fc.oneof(fc.nat(70_000).map(String), fc.string()),
        )
        .map(([scheme, host, port]) => `${scheme}${host}:${port}`),
    )
    fc.assert(
      fc.property(spelling, (text) => {
        let endpoint
        try {
          endpoint = parseEndpoint(text)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError)
          return
        }
        const port = /^(?:[\w.-]+|\[[0-9a-f:.]+\]):(\d+)$/.exec(endpoint.target)?.[1]
        if (!/^unix:./s.test(endpoint.target)) {
          expect(Number(port)).toBeGreaterThan(0)
          expect(Number(port)).toBeLessThan(65_536)
        }
        expect(endpoint.tls).toBe(/^(https|unixs):/i.test(text))
      }),
      { numRuns: 2_000 },
    )
  })
})
