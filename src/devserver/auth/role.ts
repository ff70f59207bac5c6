// A role: the permissions that it grants on intervals of keys.

import { create } from '@bufbuild/protobuf'
import {
  type Permission,
  Permission_Type as Right,
  PermissionSchema,
} from '../../etcd/wire/gen/authpb_pb.js'
import { type Interval, intervalOf, isEmpty, keyText } from '../store/interval.js'

export type AccessKind = 'read' | 'write'

export class Role {
  #permissions: Permission[] = []

  /** Sorted by key. */
  get permissions(): readonly Permission[] {
    return this.#permissions
  }

  /**
   * Replaces an earlier permission on the same interval only if it is the first one with that key:
   * etcd looks at no other.
   */
  grant({ permType, key, rangeEnd }: Permission): void {
    // Copies: the bytes of a request are a view of a much larger buffer, which they would retain.
    const permission = create(PermissionSchema, {
      permType,
      key: new Uint8Array(key),
      rangeEnd: new Uint8Array(rangeEnd),
    })
    const index = this.#permissions.findIndex((other) => Buffer.compare(other.key, key) >= 0)
    const existing = this.#permissions[index]
    if (existing !== undefined && isSameInterval(existing, permission)) {
      this.#permissions[index] = permission
    } else {
      this.#permissions.push(permission)
      this.#permissions.sort((a, b) => Buffer.compare(a.key, b.key))
    }
  }

  /** Returns whether the role had a permission on this interval. */
  revoke(interval: Pick<Permission, 'key' | 'rangeEnd'>): boolean {
    const others = this.#permissions.filter((permission) => !isSameInterval(permission, interval))
    const wasFound = others.length < this.#permissions.length
    this.#permissions = others
    return wasFound
  }

  intervals(access: AccessKind): Interval[] {
    return this.#permissions.filter((permission) => allows(permission, access)).map(intervalOf)
  }
}

/** Whether etcd accepts the permission: its key and its interval must not be empty. */
export function isGrantable(permission: Permission): boolean {
  return permission.key.length > 0 && !isEmpty(intervalOf(permission))
}

function allows({ permType }: Permission, access: AccessKind): boolean {
  switch (permType) {
    case Right.READ:
      return access === 'read'
    case Right.WRITE:
      return access === 'write'
    case Right.READWRITE:
      return true
    default:
      permType satisfies never
      return false
  }
}

function isSameInterval(
  a: Pick<Permission, 'key' | 'rangeEnd'>,
  b: Pick<Permission, 'key' | 'rangeEnd'>,
): boolean {
  return keyText(a.key) === keyText(b.key) && keyText(a.rangeEnd) === keyText(b.rangeEnd)
}
