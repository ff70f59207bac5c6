// The registers that leaders write to, and their contents.

/** Padded to one length, decimal numbers compare as strings do. */
export function padded(token: bigint): string {
  return String(token).padStart(20, '0')
}

export function registerKey(election: string, fenced: boolean): string {
  return `register-of-${election}-${fenced ? 'fenced' : 'unfenced'}`
}
