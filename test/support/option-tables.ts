// Every option table of the library, by the name of the type that it belongs to.

import type { Options } from '../../src/base/options/table.js'
import { waitOptions } from '../../src/base/wait.js'
import { leadOptions } from '../../src/candidate/lead.js'
import { campaignOptions, candidateOptions } from '../../src/candidate/options.js'
import { devServerOptions } from '../../src/devserver/options.js'
import { etcdOptions, tlsOptions } from '../../src/etcd/options.js'
import { observerOptions } from '../../src/observer.js'
import { sessionOptions } from '../../src/session/options.js'
import { startOptions, testClientOptions, testEtcdOptions } from '../../src/testing/options.js'
import { failureOptions, whereOptions } from '../../src/testing/where.js'

export const optionTables = {
  EtcdOptions: etcdOptions,
  TlsOptions: tlsOptions,
  SessionOptions: sessionOptions,
  CandidateOptions: candidateOptions,
  CampaignOptions: campaignOptions,
  LeadOptions: leadOptions(5),
  WaitOptions: waitOptions,
  ObserverOptions: observerOptions,
  DevServerOptions: devServerOptions,
  TestEtcdOptions: testEtcdOptions,
  TestClientOptions: testClientOptions,
  StartOptions: startOptions,
  Where: whereOptions,
  Failure: failureOptions,
} satisfies Readonly<Record<string, Options>>
