/** One result of `elect doctor`. */
export interface Finding {
  /** What was checked. */
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly found: string
  /** What to change. */
  readonly advice?: string
}
