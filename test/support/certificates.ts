// Makes certificates for tests with the openssl command.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  readonly caFile: string
  /** For localhost and 127.0.0.1. */
  readonly certFile: string
  readonly keyFile: string
  readonly client: { readonly certFile: string; readonly keyFile: string }
  /** Signed by the same authority, for localhost but not for 127.0.0.1. */
  readonly otherHost: { readonly certFile: string; readonly keyFile: string }
  /** An authority that has signed none of these. */
  readonly strangeCaFile: string
  remove(): void
}

export function makeCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-certificates-'))
  const at = (name: string): string => join(dir, name)
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' })
  }
  const authority = (name: string): void => {
    openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/CN=${name}`],
    )
  }
  const signed = (name: string, hosts: string): { certFile: string; keyFile: string } => {
    const files = { certFile: at(`${name}.pem`), keyFile: at(`${name}.key`) }
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', files.keyFile, '-out', at(`${name}.csr`), '-subj', `/CN=${name}`],
    )
    writeFileSync(
      at(`${name}.ext`),
      `subjectAltName=${hosts}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    )
    openssl(
      ...['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('authority.pem')],
      ...['-CAkey', at('authority.key'), '-CAcreateserial', '-days', '2'],
      ...['-extfile', at(`${name}.ext`), '-out', files.certFile],
    )
    return files
  }
  authority('authority')
  authority('strange-authority')
  return {
    caFile: at('authority.pem'),
    ...signed('server', 'DNS:localhost,IP:127.0.0.1'),
    client: signed('client', 'DNS:client'),
    otherHost: signed('other-host', 'DNS:localhost'),
    strangeCaFile: at('strange-authority.pem'),
    remove: () => {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
