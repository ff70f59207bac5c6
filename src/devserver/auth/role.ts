// What a role allows: rights on intervals of keys. It must not know who has the role.

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

  /** In the order of their keys. */
  get permissions(): readonly Permission[] {
    return this.#permissions
  }

  /** A right takes the place of an earlier one on the same interval, if etcd finds that: it looks at one per key. */
  grant({ permType, key, rangeEnd }: Permission): void {
    // Copies, because the bytes of a request are a window on a buffer far larger than they are.
    const permission = create(PermissionSchema, {
      permType,
      key: new Uint8Array(key),
      rangeEnd: new Uint8Array(rangeEnd),
    })
    const at = this.#permissions.findIndex((other) => Buffer.compare(other.key, key) >= 0)
    const present = this.#permissions[at]
    if (present !== undefined && isSameInterval(present, permission)) {
      this.#permissions[at] = permission
    } else {
      this.#permissions.push(permission)
      this.#permissions.sort((a, b) => Buffer.compare(a.key, b.key))
    }
  }

  /** Tells whether there was any. */
  revoke(interval: Pick<Permission, 'key' | 'rangeEnd'>): boolean {
    const others = this.#permissions.filter((permission) => !isSameInterval(permission, interval))
    const found = others.length < this.#permissions.length
    this.#permissions = others
    return found
  }

  intervals(access: AccessKind): Interval[] {
    return this.#permissions.filter((permission) => allows(permission, access)).map(intervalOf)
  }
}

/** Whether a right can be granted on it: on one key, or on an interval that ends after it begins. */
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
