// Where the registers are that leaders write to, and what is in them.

/** Decimal numbers of one length compare as strings do. */
export function padded(token: bigint): string {
  return String(token).padStart(20, '0')
}

export function registerKey(election: string, fenced: boolean): string {
  return `register-of-${election}-${fenced ? 'fenced' : 'unfenced'}`
}
