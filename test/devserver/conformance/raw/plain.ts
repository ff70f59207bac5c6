// Converts messages to and from the plain form that cases use: objects that hold what is on the
// wire and no more. Bytes are strings with one character per byte, the fields of a oneof are
// ordinary fields, and a field with its default value is absent. Ids and raft terms in headers,
// which differ between servers that behave alike, become 'set'.

import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf'
import { ResponseHeaderSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'

type Meta = '$typeName' | '$unknown'

interface OneofValue {
  readonly case: string | undefined
  readonly value?: unknown
}

type OneofNames<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends OneofValue ? K : never
}[keyof T]

type Variants<U> = U extends { case: infer C extends string; value: infer V }
  ? { readonly [K in C]?: Plain<V> }
  : never

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never

type Fields<T> = {
  readonly [K in Exclude<keyof T, Meta | OneofNames<T>>]?: Plain<NonNullable<T[K]>>
} & Intersection<{ [K in OneofNames<T>]: Intersection<Variants<T[K]>> }[OneofNames<T>]>

/** The plain form of a message type. */
export type Plain<T> = T extends Uint8Array
  ? string
  : T extends readonly (infer U)[]
    ? readonly Plain<U>[]
    : T extends object
      ? Fields<T>
      : T

type Loose = Readonly<Record<string, unknown>>

function fieldFromPlain(field: DescField, value: unknown): unknown {
  const one = (single: unknown): unknown => {
    if (field.message !== undefined) return fromPlain(field.message, single as Loose)
    return typeof single === 'string' && isBytes(field) ? Buffer.from(single, 'latin1') : single
  }
  return field.fieldKind === 'list' ? (value as readonly unknown[]).map(one) : one(value)
}

/** From the plain form to the message. */
export function fromPlain<D extends DescMessage>(desc: D, plain: Loose): MessageShape<D> {
  const init: Record<string, unknown> = {}
  for (const field of desc.fields) {
    const given = plain[field.localName]
    if (given === undefined) continue
    const value = fieldFromPlain(field, given)
    if (field.oneof === undefined) init[field.localName] = value
    else init[field.oneof.localName] = { case: field.localName, value }
  }
  return create(desc, init as never)
}

/** From the message to the plain form. */
export function toPlain<D extends DescMessage>(
  desc: D,
  message: MessageShape<D>,
): Plain<MessageShape<D>> {
  const result: Record<string, unknown> = {}
  for (const field of desc.fields) {
    const value = present(field, message)
    if (value === undefined) continue
    result[field.localName] =
      field.fieldKind === 'list'
        ? (value as readonly unknown[]).map((item) => fieldToPlain(field, item))
        : fieldToPlain(field, value)
  }
  if (desc.typeName === ResponseHeaderSchema.typeName) nameIdentities(result)
  return result as Plain<MessageShape<D>>
}

function fieldToPlain(field: DescField, value: unknown): unknown {
  if (field.message !== undefined) return toPlain(field.message, value as never)
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
}

/** The value of a field that is on the wire. A oneof's field is, even with its default value. */
function present(field: DescField, message: Loose): unknown {
  if (field.oneof !== undefined) {
    const set = message[field.oneof.localName] as OneofValue
    return set.case === field.localName ? set.value : undefined
  }
  const value = message[field.localName]
  if (field.message !== undefined && field.fieldKind !== 'list') return value
  const isDefault =
    value === 0 ||
    value === 0n ||
    value === '' ||
    value === false ||
    ((Array.isArray(value) || value instanceof Uint8Array) && value.length === 0)
  return isDefault ? undefined : value
}

function isBytes(field: DescField): boolean {
  return 'scalar' in field && field.scalar === ScalarType.BYTES
}

/** Cases check that the cluster id, member id and raft term are set, but not their values. */
function nameIdentities(header: Record<string, unknown>): void {
  for (const name of ['clusterId', 'memberId', 'raftTerm'] as const) {
    if (name in header) header[name] = 'set'
  }
}
