// Runs every case on every available server: the devserver, and each etcd.

import { afterAll, beforeAll, describe } from 'vitest'
import { compactionCases } from './cases/compaction.js'
import { compareCases } from './cases/compare.js'
import { expiryCases } from './cases/expiry.js'
import { leaseCases } from './cases/lease.js'
import { rangeCases } from './cases/range.js'
import { refusedCases } from './cases/refused.js'
import { txnCases } from './cases/txn.js'
import { watchCases } from './cases/watch.js'
import { watchesCases } from './cases/watches.js'
import { writeCases } from './cases/write.js'
import { electionCases } from './cases/election.js'
import { lockCases } from './cases/lock.js'
import { memberCases } from './cases/member.js'
import { authCases } from './cases/auth.js'
import { rightsCases } from './cases/rights.js'
import { RawEtcd } from './raw/etcd.js'
import { type RunningServer, type Series, servers } from './servers.js'
import type { Subject } from './subject.js'

const suites: Readonly<Record<string, (subject: () => Subject) => void>> = {
  range: rangeCases,
  write: writeCases,
  txn: txnCases,
  compare: compareCases,
  refused: refusedCases,
  lease: leaseCases,
  watch: watchCases,
  watches: watchesCases,
  compaction: compactionCases,
  expiry: expiryCases,
  election: electionCases,
  lock: lockCases,
  member: memberCases,
  auth: authCases,
  rights: rightsCases,
}

describe.each(servers)('$name', (kind) => {
  let server: RunningServer
  let subject: Subject

  beforeAll(async () => {
    server = await kind.start()
    const etcd = new RawEtcd(server.endpoint)
    const { version } = await etcd.status()
    subject = { kind, series: version?.slice(0, 3) as Series, endpoint: server.endpoint, etcd }
  })

  afterAll(async () => {
    subject.etcd.close()
    await server.close()
  })

  for (const [name, cases] of Object.entries(suites)) {
    describe(name, () => {
      cases(() => subject)
    })
  }
})
