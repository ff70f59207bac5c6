// A real lease with a renewal that a test plays by hand.

import type { EtcdApi } from '../../src/etcd/api.js'
import {
  type Acknowledgement,
  afterGrant,
  type Deadline,
  validForMs,
} from '../../src/lease/deadline.js'
import { Lease } from '../../src/lease/lease.js'
import type { Renewal, RenewalListener } from '../../src/lease/renewal.js'

export class FakeRenewal implements Renewal {
  deadline: Deadline
  isLeaseMissing = false
  keys: string[] = []
  asked = 0
  isClosed = false
  /** The raft terms of the answers that were to confirm a renewal, with that renewal. */
  readonly confirmations: [Acknowledgement | undefined, bigint][] = []
  readonly listener: RenewalListener

  constructor(deadline: Deadline, listener: RenewalListener) {
    this.deadline = deadline
    this.listener = listener
  }

  confirmWith(keys: readonly Uint8Array[]): void {
    this.keys = keys.map((key) => Buffer.from(key).toString())
  }

  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    this.confirmations.push([unconfirmed, raftTerm])
  }

  renewNow(): void {
    this.asked += 1
  }

  close(): void {
    this.isClosed = true
  }

  /** A renewal that is sent now is answered, and not confirmed yet. */
  acknowledge(sentAt: Acknowledgement['sentAt'], raftTerm = 3n): void {
    this.deadline = { ...this.deadline, unconfirmed: { sentAt, raftTerm } }
    this.listener.acknowledged()
  }

  /** The renewal that is not confirmed yet is. */
  confirmed(): void {
    const { unconfirmed, renewedAt } = this.deadline
    this.deadline = {
      ...this.deadline,
      renewedAt: unconfirmed?.sentAt ?? renewedAt,
      unconfirmed: undefined,
    }
    this.listener.confirmed()
  }
}

/** A lease that was granted now, for 5 s: it counts for 4650 ms. */
export function fakeLease(api: EtcdApi, id = 0x1an): { lease: Lease; renewal: FakeRenewal } {
  const { clock } = api
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  const deadline = afterGrant(now, validForMs(5, 0.05))
  let renewal: FakeRenewal | undefined
  const lease = new Lease({ api, id, ttlS: 5, deadline }, (granted, listener) => {
    renewal = new FakeRenewal(granted.deadline, listener)
    return renewal
  })
  if (renewal === undefined) throw new Error('a lease starts its renewal when it is made')
  return { lease, renewal }
}
