// Statistics of a list of measurements. Pure.

export interface Summary {
  readonly median: number
  readonly p10: number
  readonly p25: number
  readonly p75: number
  readonly p90: number
}

/** A ratio, and the interval that it lies in. */
export interface Ratio {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** The value below which the fraction `q` of all lies, between the two nearest ones. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? NaN
  const high = sorted[Math.ceil(at)] ?? NaN
  return low + (high - low) * (at - Math.floor(at))
}

export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p25: quantile(sorted, 0.25),
    p75: quantile(sorted, 0.75),
    p90: quantile(sorted, 0.9),
  }
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/**
 * The ratio of the median of `a` to the median of `b`, and the interval that holds it in 90 of 100
 * draws with replacement of as many values (a bootstrap): at least the spread that repeating the
 * measurement would show.
 */
export function ratio(a: readonly number[], b: readonly number[], draws = 1_000): Ratio {
  const random = generator(1)
  const drawn = (values: readonly number[]): number[] =>
    values.map(() => values[Math.floor(random() * values.length)] ?? NaN)
  const ratios = Array.from({ length: draws }, () => median(drawn(a)) / median(drawn(b)))
  const sorted = ratios.sort((x, y) => x - y)
  return {
    value: median(a) / median(b),
    low: quantile(sorted, 0.05),
    high: quantile(sorted, 0.95),
  }
}

/**
 * Returns the same numbers in each run, so that a report depends on the measurements alone (a
 * linear congruential generator).
 */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
