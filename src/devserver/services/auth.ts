// The auth service: manages users, roles and permissions, and issues sign-in tokens.

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
  /** Does what only an administrator may do; the response has nothing but a header. */
  const administer = <R extends Message & { header?: ResponseHeader | undefined }>(
    schema: GenMessage<R>,
    caller: Caller,
    work: () => void,
  ): R => {
    rights(caller).requireAdmin()
    work()
    const response: R = create<GenMessage<R>>(schema)
    response.header = header()
    return response
  }

  return {
    authEnable: (_, caller) =>
      administer(AuthEnableResponseSchema, caller, () => {
        accounts.enable()
      }),
    authDisable: (_, caller) =>
      administer(AuthDisableResponseSchema, caller, () => {
        accounts.disable()
      }),
    authStatus: (_, caller) => {
      rights(caller).requireAdmin()
      const { enabled, revision: authRevision } = accounts
      return create(AuthStatusResponseSchema, { header: header(), enabled, authRevision })
    },
    authenticate: ({ name, password }) => {
      const token = accounts.authenticate(name, password)
      return create(AuthenticateResponseSchema, { header: header(), token })
    },

    userAdd: ({ name, password, options }, caller) =>
      administer(AuthUserAddResponseSchema, caller, () => {
        accounts.addUser(name, options?.noPassword === true ? undefined : password)
      }),
    userGet: ({ name }, caller) => {
      rights(caller).requireSelf(name)
      return create(AuthUserGetResponseSchema, { header: header(), roles: accounts.rolesOf(name) })
    },
    userList: (_, caller) => {
      rights(caller).requireAdmin()
      return create(AuthUserListResponseSchema, { header: header(), users: accounts.userNames })
    },
    userDelete: ({ name }, caller) =>
      administer(AuthUserDeleteResponseSchema, caller, () => {
        accounts.deleteUser(name)
      }),
    userChangePassword: ({ name, password }, caller) =>
      administer(AuthUserChangePasswordResponseSchema, caller, () => {
        accounts.changePassword(name, password)
      }),
    userGrantRole: ({ user, role }, caller) =>
      administer(AuthUserGrantRoleResponseSchema, caller, () => {
        accounts.grantRole(user, role)
      }),
    userRevokeRole: ({ name, role }, caller) =>
      administer(AuthUserRevokeRoleResponseSchema, caller, () => {
        accounts.revokeRole(name, role)
      }),

    roleAdd: ({ name }, caller) =>
      administer(AuthRoleAddResponseSchema, caller, () => {
        accounts.addRole(name)
      }),
    roleGet: ({ role }, caller) => {
      rights(caller).requireRole(role)
      const perm = [...accounts.permissionsOf(role)]
      return create(AuthRoleGetResponseSchema, { header: header(), perm })
    },
    roleList: (_, caller) => {
      rights(caller).requireAdmin()
      return create(AuthRoleListResponseSchema, { header: header(), roles: accounts.roleNames })
    },
    roleDelete: ({ role }, caller) =>
      administer(AuthRoleDeleteResponseSchema, caller, () => {
        accounts.deleteRole(role)
      }),
    roleGrantPermission: ({ name, perm }, caller) =>
      administer(AuthRoleGrantPermissionResponseSchema, caller, () => {
        accounts.grantPermission(name, perm)
      }),
    roleRevokePermission: ({ role, key, rangeEnd }, caller) =>
      administer(AuthRoleRevokePermissionResponseSchema, caller, () => {
        accounts.revokePermission(role, { key, rangeEnd })
      }),
  }
}
