// The service that manages users, roles and rights, and hands out tokens. It must not know how they are kept.

import { create, type Message } from '@bufbuild/protobuf'
import type { GenMessage } from '@bufbuild/protobuf/codegenv2'
import {
  type Auth,
  AuthDisableResponseSchema,
  AuthenticateResponseSchema,
  AuthEnableResponseSchema,
  AuthRoleAddResponseSchema,
  AuthRoleDeleteResponseSchema,
  AuthRoleGetResponseSchema,
  AuthRoleGrantPermissionResponseSchema,
  AuthRoleListResponseSchema,
  AuthRoleRevokePermissionResponseSchema,
  AuthStatusResponseSchema,
  AuthUserAddResponseSchema,
  AuthUserChangePasswordResponseSchema,
  AuthUserDeleteResponseSchema,
  AuthUserGetResponseSchema,
  AuthUserGrantRoleResponseSchema,
  AuthUserListResponseSchema,
  AuthUserRevokeRoleResponseSchema,
} from '../../etcd/wire/gen/auth_pb.js'
import type { ResponseHeader } from '../../etcd/wire/gen/rpc_pb.js'
import type { Accounts } from '../auth/accounts.js'
import { Rights } from '../auth/rights.js'
import type { Caller, Handlers } from '../rpc.js'

export function authHandlers(
  accounts: Accounts,
  header: () => ResponseHeader,
): Handlers<typeof Auth> {
  const rights = ({ metadata }: Caller): Rights => new Rights(accounts, metadata)
  /** What only an administrator may do; the answer has nothing but a header. */
  const managed = <A extends Message & { header?: ResponseHeader | undefined }>(
    schema: GenMessage<A>,
    caller: Caller,
    work: () => void,
  ): A => {
    rights(caller).needAdmin()
    work()
    const answer: A = create<GenMessage<A>>(schema)
    answer.header = header()
    return answer
  }

  return {
    authEnable: (_, caller) =>
      managed(AuthEnableResponseSchema, caller, () => {
        accounts.enable()
      }),
    authDisable: (_, caller) =>
      managed(AuthDisableResponseSchema, caller, () => {
        accounts.disable()
      }),
    authStatus: (_, caller) => {
      rights(caller).needAdmin()
      const { enabled, revision: authRevision } = accounts
      return create(AuthStatusResponseSchema, { header: header(), enabled, authRevision })
    },
    authenticate: ({ name, password }) => {
      const token = accounts.authenticate(name, password)
      return create(AuthenticateResponseSchema, { header: header(), token })
    },

    userAdd: ({ name, password, options }, caller) =>
      managed(AuthUserAddResponseSchema, caller, () => {
        accounts.addUser(name, options?.noPassword === true ? undefined : password)
      }),
    userGet: ({ name }, caller) => {
      rights(caller).needSelf(name)
      return create(AuthUserGetResponseSchema, { header: header(), roles: accounts.rolesOf(name) })
    },
    userList: (_, caller) => {
      rights(caller).needAdmin()
      return create(AuthUserListResponseSchema, { header: header(), users: accounts.userNames })
    },
    userDelete: ({ name }, caller) =>
      managed(AuthUserDeleteResponseSchema, caller, () => {
        accounts.deleteUser(name)
      }),
    userChangePassword: ({ name, password }, caller) =>
      managed(AuthUserChangePasswordResponseSchema, caller, () => {
        accounts.changePassword(name, password)
      }),
    userGrantRole: ({ user, role }, caller) =>
      managed(AuthUserGrantRoleResponseSchema, caller, () => {
        accounts.grantRole(user, role)
      }),
    userRevokeRole: ({ name, role }, caller) =>
      managed(AuthUserRevokeRoleResponseSchema, caller, () => {
        accounts.revokeRole(name, role)
      }),

    roleAdd: ({ name }, caller) =>
      managed(AuthRoleAddResponseSchema, caller, () => {
        accounts.addRole(name)
      }),
    roleGet: ({ role }, caller) => {
      rights(caller).needRole(role)
      const perm = [...accounts.permissionsOf(role)]
      return create(AuthRoleGetResponseSchema, { header: header(), perm })
    },
    roleList: (_, caller) => {
      rights(caller).needAdmin()
      return create(AuthRoleListResponseSchema, { header: header(), roles: accounts.roleNames })
    },
    roleDelete: ({ role }, caller) =>
      managed(AuthRoleDeleteResponseSchema, caller, () => {
        accounts.deleteRole(role)
      }),
    roleGrantPermission: ({ name, perm }, caller) =>
      managed(AuthRoleGrantPermissionResponseSchema, caller, () => {
        accounts.grantPermission(name, perm)
      }),
    roleRevokePermission: ({ role, key, rangeEnd }, caller) =>
      managed(AuthRoleRevokePermissionResponseSchema, caller, () => {
        accounts.revokePermission(role, { key, rangeEnd })
      }),
  }
}
