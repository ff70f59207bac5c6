// Renders a value for an error message: short, on one line, with its type visible.

/** A value that may be a secret. Messages name its kind and never show it. */
export class Hidden {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  /**
   * 'a string', for example. Values that reveal nothing (`true`, `null`, …) are shown as they are.
   */
  get kind(): string {
    const type = typeof this.#value
    const mayReveal = ['string', 'number', 'bigint', 'symbol'].includes(type)
    return mayReveal ? `a ${type}` : show(this.#value)
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
