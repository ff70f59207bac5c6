// The maintenance service: the member's status and alarms.

import { create } from '@bufbuild/protobuf'
import {
  AlarmRequest_AlarmAction as Action,
  AlarmResponseSchema,
  type Maintenance,
  StatusResponseSchema,
} from '../../etcd/wire/gen/maintenance_pb.js'
import type { Guard } from '../guard.js'
import type { DevMember } from '../member.js'
import { refusals } from '../refusals.js'
import type { Handlers } from '../rpc.js'

/** What an almost empty etcd reports. The devserver has no database on disk. */
const dbSize = 20_480n
const dbSizeQuota = 2_147_483_648n

export function maintenanceHandlers(member: DevMember, guard: Guard): Handlers<typeof Maintenance> {
  return {
    /** Always empty. Clients ask for alarms to check the member's health. */
    alarm: ({ action }, caller) => {
      if (action === Action.GET) guard.admitUser(caller)
      else guard.admitAdmin(caller)
      if (action === Action.ACTIVATE) throw refusals.alarmsMissing()
      return create(AlarmResponseSchema, { header: member.header() })
    },

    status: (_, caller) => {
      guard.admitUser(caller)
      const { version, id: leader, raftTerm, store } = member
      return create(StatusResponseSchema, {
        header: member.header(),
        version,
        dbSize,
        dbSizeInUse: dbSize,
        leader,
        // There is no raft log; one entry per revision is close enough.
        raftIndex: store.revision,
        raftTerm,
        raftAppliedIndex: store.revision,
        storageVersion: version,
        dbSizeQuota,
        downgradeInfo: {},
      })
    },
  }
}
