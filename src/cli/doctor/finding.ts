// What the doctor finds, one thing at a time. It holds types only.

export interface Finding {
  /** What was looked at. */
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly found: string
  /** What to change. */
  readonly advice?: string
}
