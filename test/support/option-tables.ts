// Every option table of the library, by the name of the type that it belongs to.

import type { AnyOptionTable } from '../../src/base/options/table.js'
import { waitOptionTable } from '../../src/base/wait.js'
import { leadOptionTable } from '../../src/candidate/lead.js'
import { campaignOptionTable, candidateOptionTable } from '../../src/candidate/options.js'
import { devServerOptionTable } from '../../src/devserver/options.js'
import { etcdOptionTable, tlsOptionTable } from '../../src/etcd/options.js'
import { observerOptionTable } from '../../src/observer.js'
import { sessionOptionTable } from '../../src/session/options.js'
import {
  startOptionTable,
  testClientOptionTable,
  testEtcdOptionTable,
} from '../../src/testing/options.js'
import { failureOptionTable, whereOptionTable } from '../../src/testing/where.js'

export const optionTables = {
  EtcdOptions: etcdOptionTable,
  TlsOptions: tlsOptionTable,
  SessionOptions: sessionOptionTable,
  CandidateOptions: candidateOptionTable,
  CampaignOptions: campaignOptionTable,
  LeadOptions: leadOptionTable(5),
  WaitOptions: waitOptionTable,
  ObserverOptions: observerOptionTable,
  DevServerOptions: devServerOptionTable,
  TestEtcdOptions: testEtcdOptionTable,
  TestClientOptions: testClientOptionTable,
  StartOptions: startOptionTable,
  Where: whereOptionTable,
  Failure: failureOptionTable,
} satisfies Readonly<Record<string, AnyOptionTable>>
