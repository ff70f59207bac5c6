// Writes a value into a message: short, on one line, with its type visible.

/** A value that may be a secret: a message names its kind and never the value itself. */
export class Hidden {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  /** 'a string', say; what gives nothing away (`true`, `null`, …) is shown as it is. */
  get kind(): string {
    const type = typeof this.#value
    const isTelling = ['string', 'number', 'bigint', 'symbol'].includes(type)
    return isTelling ? `a ${type}` : show(this.#value)
  }
}

export function show(value: unknown): string {
  if (value instanceof Hidden) return value.kind
  if (typeof value === 'string') {
    return value.length > 60
      ? `${JSON.stringify(value.slice(0, 60))}… (${String(value.length)} characters)`
      : JSON.stringify(value)
  }
  if (typeof value === 'bigint') return `${String(value)}n`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
