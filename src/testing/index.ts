// What `etcd-elect/testing` exports.

export { TestClock } from './test-clock.js'
export { TestEtcd } from './test-etcd.js'
export type { StartOptions, TestClientOptions, TestEtcdOptions } from './options.js'
export type { TestCandidate, TestLease } from './contents.js'
export type { Failure, FailureStatus, Method } from './faults.js'
export type { Where } from './where.js'
