// What can be said of a list of measurements. Pure. It must not know what was measured.

/** The value below which the fraction `q` of all lies, between the two nearest ones. */
export function quantile(sorted, q) {
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  const high = Math.ceil(at)
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
}

export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p25: quantile(sorted, 0.25),
    p75: quantile(sorted, 0.75),
    p90: quantile(sorted, 0.9),
  }
}

export function median(values) {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/**
 * How many times the median of `b` the median of `a` is, and between which values that lies in 90 of 100 draws with
 * replacement of as many values (a bootstrap): the spread that repeating the measurement would show, at least.
 */
export function ratio(a, b, draws = 1_000) {
  const random = generator(1)
  const drawn = (values) => values.map(() => values[Math.floor(random() * values.length)])
  const ratios = Array.from({ length: draws }, () => median(drawn(a)) / median(drawn(b)))
  const sorted = ratios.sort((x, y) => x - y)
  return {
    value: median(a) / median(b),
    low: quantile(sorted, 0.05),
    high: quantile(sorted, 0.95),
  }
}

/** The same numbers in each run, so that a report depends on the measurements alone (a linear congruence). */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
